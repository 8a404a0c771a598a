# Completion of peerling for fish; make bless writes the lists.
complete -c peerling -f
# <all>
complete -c peerling -l config -r -F -d 'the configuration (default /etc/peerling/peerling.toml)'
complete -c peerling -l verbose -d 'tell everything'
complete -c peerling -l help -d 'show this'
complete -c peerling -l version -d 'show the version'
complete -c peerling -n __fish_use_subcommand -a serve -d 'SSH service and apply loop, in the foreground'
complete -c peerling -n __fish_use_subcommand -a check -d 'what is wrong with configuration, registry, database, keys, BIRD, WireGuard; prints the effective configuration'
complete -c peerling -n __fish_use_subcommand -a plan -d 'the steps that an apply pass would take now, with what changes in files; exit status 2 if there are any'
complete -c peerling -n __fish_use_subcommand -a apply -d 'one pass, then exit; what is neither in the database nor removed by a command stays, unless its removal is confirmed'
complete -c peerling -n '__fish_seen_subcommand_from apply' -l confirm-removals -d 'remove what is neither in the database nor was removed by a command'
complete -c peerling -n __fish_use_subcommand -a genconfig -d 'the files of every peering into the staging directories'
complete -c peerling -n __fish_use_subcommand -a export -d 'the files of this POP and its peerings into DIR/servers/POP, without any secret'
complete -c peerling -n '__fish_seen_subcommand_from export' -a '(__fish_complete_directories)'
complete -c peerling -n __fish_use_subcommand -a exec -d 'a command of the SSH shell from here, for a maintainer or as the administrator'
complete -c peerling -n '__fish_seen_subcommand_from exec' -l as -r -d 'act for this maintainer; else as the administrator'
complete -c peerling -n '__fish_seen_subcommand_from exec' -a 'help intro whoami peer_list peer_create peer_edit peer_config peer_status peer_history peer_export pops peer_disable peer_enable peer_remove peer_approve peer_reject peer_suspend ban unban audit bye'
complete -c peerling -n __fish_use_subcommand -a demo -d 'everything in a temporary directory; prints the line to connect with'
complete -c peerling -n '__fish_seen_subcommand_from demo' -l run -r -d 'run this program while it serves, and end with it'
# </all>
