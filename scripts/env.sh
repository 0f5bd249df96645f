# Sourced by the other scripts: finds cargo, and how OpenSSL can be linked.
case ":$PATH:" in
*":${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:"*) ;;
*) PATH="$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin" ;;
esac
export PATH

# Static where the static library is installed, so that no loader has to find it at each start; the
# folders must be named, since a library of the system is otherwise always linked dynamically.
libdir=$(pkg-config --variable=libdir openssl 2>/dev/null || true)
if [ -z "${OPENSSL_LIB_DIR:-}" ] && [ -n "$libdir" ] && [ -e "$libdir/libssl.a" ]; then
    OPENSSL_LIB_DIR=$libdir
    OPENSSL_INCLUDE_DIR=$(pkg-config --variable=includedir openssl)
    OPENSSL_STATIC=1
    export OPENSSL_LIB_DIR OPENSSL_INCLUDE_DIR OPENSSL_STATIC
fi
unset libdir
