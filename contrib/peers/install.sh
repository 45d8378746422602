#!/bin/sh
# Installs the real DICOM peers that the interoperability tests drive, where they are missing:
# DCMTK, Orthanc and its DICOMweb plugin, unzip (Debian packages), dcmjs-dimse and dicomweb-client (npm, into
# .peers/node).
#
# Says one line for each peer it cannot get and ends well, since the tests then skip that peer;
# with CI=true it fails instead, since there nothing may be skipped.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
node_dir=$here/../../.peers/node
missing=0

have() {
    command -v "$1" >/dev/null 2>&1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

is_missing() { # peer, what is lost without it
    echo "peers: no $1: $2" >&2
    missing=1
}

is_orthanc() {
    case $1 in orthanc*) ;; *) return 1 ;; esac
}

# The packages would start Orthanc as a service on ports 4242 and 8042; the tests start their own.
install_package() {
    have apt-get && as_root true 2>/dev/null || return 1
    if is_orthanc "$1" && [ -d /run/systemd/system ]; then
        as_root systemctl mask --quiet orthanc
    fi
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "$1" >/dev/null 2>&1 || return 1
    if is_orthanc "$1" && [ -d /run/systemd/system ]; then
        as_root systemctl unmask --quiet orthanc
        as_root systemctl disable --quiet --now orthanc
    fi
}

update_package_lists() {
    have apt-get && as_root apt-get update -qq >/dev/null 2>&1 || true
}

has_dcmtk() {
    have echoscu && have storescu && have storescp && have dcmsend && have dcmdump
}

has_orthanc() {
    PATH=$PATH:/usr/sbin have Orthanc
}

has_orthanc_dicomweb() {
    [ -n "$(find /usr/lib/orthanc /usr/share/orthanc/plugins -name 'libOrthancDicomWeb.so*' 2>/dev/null)" ]
}

has_node_peers() {
    cmp -s "$here/package.json" "$node_dir/package.json" && [ -e "$node_dir/.installed" ]
}

install_node_peers() {
    have npm || return 1
    mkdir -p "$node_dir"
    rm -f "$node_dir/.installed"
    cp "$here/package.json" "$node_dir/package.json"
    npm install --prefix "$node_dir" --omit=dev --no-audit --no-fund --no-package-lock \
        --ignore-scripts --loglevel=error >/dev/null 2>&1 || return 1
    touch "$node_dir/.installed"
}

if ! has_dcmtk || ! has_orthanc || ! has_orthanc_dicomweb || ! have unzip; then
    update_package_lists
fi
has_dcmtk || install_package dcmtk ||
    is_missing DCMTK "echo and store with it stay untested (Debian package dcmtk)"
has_orthanc || install_package orthanc ||
    is_missing Orthanc "echo and store with it stay untested (Debian package orthanc)"
has_orthanc_dicomweb || install_package orthanc-dicomweb ||
    is_missing "Orthanc's plugin" "DICOMweb with it stays untested (Debian package orthanc-dicomweb)"
have unzip || install_package unzip ||
    is_missing unzip "that it reads our ZIPs stays untested (Debian package unzip)"
has_node_peers || install_node_peers ||
    is_missing "dcmjs-dimse or dicomweb-client" "what they do stays untested (needs Node.js 18+ and npm)"

if [ "${CI:-}" = true ]; then
    exit "$missing"
fi
