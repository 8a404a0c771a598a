# --raw is what the programs themselves print, but for what changes while one looks. Sourced by
# diagnosis.sh.

raw_is_what_the_programs_print() {
    local raw link protocol
    link=wg-as${ASN[well]} protocol=ebgp_as${ASN[well]}_v6
    raw=$(member node peer_status --asn "${ASN[well]}" --raw --json)
    same "wg show" "$(ip netns exec pop wg show "$link" | steady)" \
        "$(jq -r .peer.raw.wireguard <<<"$raw" | steady)"
    same "birdc show protocols all" "$(bird pop show protocols all "$protocol" | steady)" \
        "$(jq -r .peer.raw.bird <<<"$raw" | steady)"
    expect "no secret" -- no_secret "$raw"
    step "--raw is what wg and birdc print"
}

# steady: without times, counters and blanks at the end. Programs differ in the order of allowed IPs
# from one question to the next.
steady() {
    grep -vE 'latest handshake|transfer:|allowed ips|timer:|Routes:|updates:|withdraws:' |
        sed -E 's/[0-9]{4}-[0-9-]+ [0-9:.]+/TIME/; s/[0-9]{2}:[0-9]{2}:[0-9.]+/TIME/; s/ +$//' |
        sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

no_secret() {
    local name
    for name in pop well; do
        ! grep -qF "$(cat "$LAB/$name.wg")" <<<"$1" || return 1
    done
}
