# Sourced by the other scripts: finds cargo, and how OpenSSL can be linked.
case ":$PATH:" in
*":${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:"*) ;;
*) PATH="$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin" ;;
esac
export PATH

# Static where the static library is installed (see .cargo/config.toml), else dynamic.
if ! find "$(pkg-config --variable=libdir openssl 2>/dev/null || echo /usr/lib)" -maxdepth 1 -name libssl.a 2>/dev/null | grep -q .; then
    export OPENSSL_STATIC=0
fi
