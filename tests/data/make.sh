#!/bin/sh
# Makes the certificates in this directory with OpenSSL 3: those that rcgen cannot make (see README.md).
#
# The tests depend on names, dates and extensions and never on keys, so that a new run may replace all files at once.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/new"
: > "$work/index.txt"
cat > "$work/openssl.cnf" <<CONFIG
[req]
distinguished_name = name
string_mask = utf8only
[name]
[ca]
default_ca = here
[here]
database = $work/index.txt
new_certs_dir = $work/new
default_md = sha256
policy = any
unique_subject = no
preserve = yes
rand_serial = yes
[any]
commonName = optional
organizationName = optional
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[server]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:mx.example.com
[nameless]
basicConstraints = critical, CA:FALSE
CONFIG

# key NAME ALGORITHM [OPTION]...: a private key.
key() {
    name=$1 algorithm=$2
    shift 2
    openssl genpkey -algorithm "$algorithm" "$@" -out "$work/$name.pem" 2> /dev/null
}

# certify NAME KEY SUBJECT ISSUER EXTENSIONS [OPTION]...: a certificate, from 2025-01-01 to 2049-12-31. ISSUER is the name of
# another certificate, or of this one; EXTENSIONS is a section of the configuration, and without any it is of version 1.
certify() {
    name=$1 key=$2 subject=$3 issuer=$4 extensions=$5
    shift 5
    openssl req -new -config "$work/openssl.cnf" -key "$work/$key.pem" -subj "$subject" -out "$work/$name.csr"
    echo "$key" > "$work/$name.key"
    if [ "$issuer" = "$name" ]; then
        set -- -selfsign -keyfile "$work/$key.pem" "$@"
    else
        set -- -cert "$work/$issuer.crt" -keyfile "$work/$(cat "$work/$issuer.key").pem" "$@"
    fi
    [ -z "$extensions" ] || set -- -extfile "$work/openssl.cnf" -extensions "$extensions" "$@"
    openssl ca -batch -notext -config "$work/openssl.cnf" -in "$work/$name.csr" -out "$work/$name.crt" \
        -startdate 20250101000000Z -enddate 20491231235959Z "$@" 2> "$work/log" || { cat "$work/log" >&2; exit 1; }
    openssl x509 -in "$work/$name.crt" -outform DER -out "$name.der"
}

# publish KEY: a private key that a test server needs.
publish() {
    openssl pkcs8 -topk8 -nocrypt -in "$work/$1.pem" -outform DER -out "$1.key.der"
}

rm -f ./*.der
for name in rsa-root rsa-issuer rsa-server rsa-sub; do key $name RSA -pkeyopt rsa_keygen_bits:2048; done
key weak-root RSA -pkeyopt rsa_keygen_bits:1024
for name in p256-server v1-root v1-issuer v1-server; do key $name EC -pkeyopt ec_paramgen_curve:P-256; done
key p384-root EC -pkeyopt ec_paramgen_curve:P-384
key p521-root EC -pkeyopt ec_paramgen_curve:P-521
key ed25519-issuer ED25519

# Three certificates, all RSA.
certify rsa-root rsa-root "/CN=RSA root" rsa-root authority
certify rsa-issuer rsa-issuer "/CN=RSA issuer" rsa-root authority
certify rsa-server rsa-server "/CN=mail" rsa-issuer server

# Four certificates, each with another kind of key.
certify p384-root p384-root "/CN=P-384 root" p384-root authority -md sha384
certify ed25519-issuer ed25519-issuer "/CN=Ed25519 issuer" p384-root authority -md sha384
certify rsa-sub rsa-sub "/CN=RSA below Ed25519" ed25519-issuer authority -md null
certify p256-server p256-server "/CN=mail" rsa-sub server

# The RSA root once more, cross-signed.
certify rsa-root-cross rsa-root "/CN=RSA root" p384-root authority -md sha384

# Version 1, as root, in between, and as server.
certify v1-root v1-root "/CN=v1 root" v1-root ""
certify v1-root-server p256-server "/CN=mail" v1-root server
certify v1-issuer v1-issuer "/CN=v1 issuer" rsa-root ""
certify v1-issuer-server p256-server "/CN=mail" v1-issuer server
certify v1-server v1-server "/CN=mx.example.com" rsa-root ""

# Signatures of other kinds, below the RSA root or below roots of their own.
certify pss-server p256-server "/CN=mail" rsa-root server -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
certify sha1-server p256-server "/CN=mail" rsa-root server -md sha1
certify weak-root weak-root "/CN=RSA root of 1024 bits" weak-root authority
certify weak-server p256-server "/CN=mail" weak-root server
certify p521-root p521-root "/CN=P-521 root" p521-root authority -md sha512
certify p521-server p256-server "/CN=mail" p521-root server -md sha512

publish rsa-server
publish v1-server
ls -l ./*.der | awk '{ sum += $5 } END { print NR " files, " sum " octets" }'
