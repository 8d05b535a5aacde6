#!/bin/sh
# Certificates for the TLS rows of the fault matrix: tls_certificates.sh FOLDER
# ca.pem signs server.pem, expired.pem, other_host.pem and client.pem; alone.pem signs itself. Each has its key beside it: NAME.key
set -eu
cd "$1"

cat >ca.cnf <<'END'
[req]
distinguished_name = name
x509_extensions = authority
[name]
[authority]
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
[ca]
default_ca = ours
[ours]
new_certs_dir = .
database = index
serial = serial
default_md = sha256
default_days = 2
policy = any_name
copy_extensions = copy
[any_name]
commonName = supplied
END
: >index
echo 01 >serial

# request NAME [ARGUMENTS]: with a new key
request() {
    name=$1
    shift
    openssl req -config ca.cnf -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$name" -keyout "$name.key" "$@"
}

# signed NAME SUBJECT_ALT_NAME [DATES]
signed() {
    request "$1" -new -addext "subjectAltName=$2" -out "$1.csr"
    of=$1
    shift 2
    openssl ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key -in "$of.csr" -out "$of.pem" "$@"
}

here=DNS:localhost,IP:127.0.0.1
request ca -x509 -days 2 -out ca.pem
request alone -x509 -days 2 -addext "subjectAltName=$here" -out alone.pem
signed server "$here"
signed expired "$here" -startdate 20200101000000Z -enddate 20200102000000Z
signed other_host DNS:collector.example.com
signed client DNS:client.example.com
