# Completion of peerling for bash; make bless writes the lists.
_peerling() {
    local operation= word
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
# <operations>
            init) operation=init; break ;;
            serve | --server) operation=serve; break ;;
            check) operation=check; break ;;
            plan) operation=plan; break ;;
            apply) operation=apply; break ;;
            genconfig | --genconfig) operation=genconfig; break ;;
            export) operation=export; break ;;
            restore) operation=restore; break ;;
            down) operation=down; break ;;
            bird-init) operation=bird-init; break ;;
            bird-form) operation=bird-form; break ;;
            exec) operation=exec; break ;;
            import) operation=import; break ;;
            mesh) operation=mesh; break ;;
            demo) operation=demo; break ;;
            help) operation=help; break ;;
# </operations>
        esac
    done
    case $previous in
# <values>
        --asn) return ;;
        --name) return ;;
        --network) return ;;
        --registry) return ;;
        --admin-key) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        export) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        restore) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        bird-init) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        bird-form) mapfile -t COMPREPLY < <(compgen -W 'reference wiki' -- "$current"); return ;;
        --as) return ;;
        --asn) return ;;
        import) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        --format) mapfile -t COMPREPLY < <(compgen -W 'table dot svg json' -- "$current"); return ;;
        --run) mapfile -t COMPREPLY < <(compgen -c -- "$current"); return ;;
        --config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
# </values>
    esac
    case $operation in
# <arguments>
        '') words='init serve check plan apply genconfig export restore down bird-init bird-form exec import mesh demo help --config --verbose --help --version' ;;
        init) words='--asn --name --network --registry --admin-key --print --yes' ;;
        serve) words='--test' ;;
        check) words='--json' ;;
        plan) words='' ;;
        apply) words='--confirm-removals' ;;
        genconfig) words='' ;;
        export) words='' ;;
        restore) words='' ;;
        down) words='--yes' ;;
        bird-init) words='' ;;
        bird-form) words='' ;;
        exec) words='--as -- help intro whoami peer_list peer_create peer_edit peer_config peer_status peer_history peer_export pops peer_disable peer_enable peer_remove peer_approve peer_reject peer_suspend ban unban audit bye' ;;
        import) words='--dry-run --asn --undo' ;;
        mesh) words='--format' ;;
        demo) words='--run' ;;
        help) words='init serve check plan apply genconfig export restore down bird-init bird-form exec import mesh demo help' ;;
# </arguments>
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _peerling peerling
