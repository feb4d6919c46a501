#!/bin/sh
# Makes the chains in this directory with OpenSSL 3. The scenarios hold digests of these certificates: after a new run, those
# must be replaced, too. No private key is kept, since a scenario has no handshakes that would need one.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# certificate NAME ISSUER SUBJECT END EXTENSION...: valid from 2025-01-01 to END; ISSUER is another certificate, or this one.
certificate() {
    name=$1 issuer=$2 subject=$3 end=$4
    shift 4
    mkdir "$work/$name"
    : > "$work/$name/index.txt"
    {
        printf '[ca]\ndefault_ca = here\n[here]\ndatabase = %s\nnew_certs_dir = %s\n' "$work/$name/index.txt" "$work/$name"
        printf 'default_md = sha256\npolicy = any\nrand_serial = yes\n[any]\ncommonName = optional\n[extensions]\n'
        for extension in "$@"; do echo "$extension"; done
    } > "$work/$name/config"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$name.key" 2> /dev/null
    openssl req -new -key "$work/$name.key" -subj "$subject" -out "$work/$name.csr"
    if [ "$issuer" = "$name" ]; then
        set -- -selfsign -keyfile "$work/$name.key"
    else
        set -- -cert "$work/$issuer.crt" -keyfile "$work/$issuer.key"
    fi
    openssl ca -batch -notext -config "$work/$name/config" -extensions extensions -in "$work/$name.csr" \
        -out "$work/$name.crt" -startdate 20250101000000Z -enddate "$end" "$@" 2> "$work/log" || { cat "$work/log" >&2; exit 1; }
}

authority() {
    certificate "$1" "$2" "/CN=$3" 20491231235959Z "basicConstraints = critical, CA:TRUE" "keyUsage = critical, keyCertSign"
}

# server NAME ISSUER END DNS-ID: a server's certificate, with its issuer behind it in one file.
server() {
    certificate "$1" "$2" /CN=mail "$3" "basicConstraints = critical, CA:FALSE" "extendedKeyUsage = serverAuth" \
        "subjectAltName = DNS:$4"
    cat "$work/$1.crt" "$work/$2.crt" > "$1.pem"
}

authority root root "Root"
authority issuer root "Issuer"
authority stranger stranger "Stranger"
cp "$work/root.crt" root.pem
cp "$work/issuer.crt" issuer.pem
cp "$work/stranger.crt" stranger.pem

late=20491231235959Z
server mx1 issuer $late mx1.example.com
server mx1-renewed issuer $late mx1.example.com
server mx1-expired issuer 20250601000000Z mx1.example.com
server mx1-by-stranger stranger $late mx1.example.com
server mx2 issuer $late mx2.example.com
server mx1-net issuer $late mx1.example.net
server domain issuer $late example.com
server domain-net issuer $late example.net
server wildcard issuer $late '*.example.com'
cat "$work/mx1.crt" "$work/issuer.crt" "$work/root.crt" > mx1-with-root.pem
cat mx1-by-stranger.pem issuer.pem > mx1-by-stranger-with-issuer.pem

certificate self-signed self-signed "/CN=some other name" 20250601000000Z "basicConstraints = critical, CA:TRUE"
cp "$work/self-signed.crt" self-signed.pem
openssl pkey -in "$work/mx1.key" -pubout -out mx1-key.pem
