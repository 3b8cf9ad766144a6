# Sourced by the scripts beside it (POSIX sh) once $root holds the project directory.
# Finds or installs the pinned Bun, then the locked dependencies. Speaks on stderr alone,
# because what runs afterwards may print data on stdout.
# Gives: $bun, the pinned Bun's path.

tools=${root:?}/.tools
pinned=$(sed -n '/"engines"/,/}/s/.*"bun": *"\([^"]*\)".*/\1/p' "$root/package.json")

say() {
  printf 'gatehouse: %s\n' "$*" >&2
}

# True when the given program is Bun in exactly the pinned version (and runs on this machine).
is_pinned_bun() {
  [ "$("$1" --version 2>/dev/null)" = "$pinned" ]
}

# Sets $bun from PATH, else from the project's own tool directory; false when neither has it.
find_bun() {
  bun=$(command -v bun 2>/dev/null) && is_pinned_bun "$bun" && return 0
  # npm may have fetched a build per C library: the one that answers is the right one.
  for bun in "$tools"/node_modules/@oven/bun-*/bin/bun; do
    [ -x "$bun" ] && is_pinned_bun "$bun" && return 0
  done
  return 1
}

# Runs an installer with caches that can be written and with the machine's own certificates
# (a company's proxy signs with one that Node.js and Bun do not carry). Quiet unless it fails.
run_installer() (
  if [ -z "${HOME:-}" ] || [ ! -d "$HOME" ] || [ ! -w "$HOME" ]; then
    export npm_config_cache="${npm_config_cache:-$tools/cache/npm}"
    export BUN_INSTALL_CACHE_DIR="${BUN_INSTALL_CACHE_DIR:-$tools/cache/bun}"
  fi
  if [ -z "${NODE_EXTRA_CA_CERTS:-}" ]; then
    for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
      [ -r "$bundle" ] && export NODE_EXTRA_CA_CERTS="$bundle" && break
    done
  fi
  output=$("$@" 2>&1) || { printf '%s\n' "$output" >&2; return 1; }
)

# Puts the pinned Bun into the tool directory, through npm or through another version of Bun.
# Install scripts stay off: the binary is a plain file of the package for this platform.
install_bun() {
  if command -v npm >/dev/null 2>&1; then
    say "installing Bun $pinned into .tools"
    run_installer npm install --prefix "$tools" --no-save --ignore-scripts --no-audit --no-fund \
      "bun@$pinned"
  elif command -v bun >/dev/null 2>&1; then
    say "installing Bun $pinned into .tools (the one on PATH is $(bun --version))"
    [ -f "$tools/package.json" ] || printf '{"private":true}\n' >"$tools/package.json"
    (cd "$tools" && run_installer bun add --exact --ignore-scripts "bun@$pinned")
  else
    say "needs Bun $pinned, or Node.js with npm to install it: neither is on PATH"
    return 1
  fi
}

# True when the installed packages are those of this very bun.lock.
has_dependencies() {
  stamp=$root/node_modules/.gatehouse_stamp
  wanted="$pinned $(cat "$root/package.json" "$root/bun.lock" | cksum)"
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]
}

# Installs what bun.lock says, to the letter.
install_dependencies() {
  say 'installing the locked dependencies'
  (cd "$root" && run_installer "$bun" install --frozen-lockfile) || return 1
  printf '%s\n' "$wanted" >"$stamp"
}

# Keeps two first starts from installing over each other; a lock whose owner is gone is taken over.
take_lock() {
  mkdir -p "$tools"
  waited=0
  until mkdir "$tools/lock" 2>/dev/null; do
    owner=$(cat "$tools/lock/pid" 2>/dev/null) || owner=
    if { [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; } || [ "$waited" -ge 600 ]; then
      rm -rf "$tools/lock"
    else
      [ "$waited" -gt 0 ] || say 'waiting for another set-up of this directory'
      sleep 1
      waited=$((waited + 1))
    fi
  done
  echo $$ >"$tools/lock/pid"
}

# The whole set-up; a few milliseconds when nothing is missing. Fails with a sentence on stderr.
set_up() {
  find_bun && has_dependencies && return 0
  take_lock
  trap 'rm -rf "$tools/lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  complete=no
  if find_bun || { install_bun && find_bun; }; then
    if has_dependencies || install_dependencies; then complete=yes; fi
  fi
  rm -rf "$tools/lock"
  trap - EXIT INT TERM
  [ "$complete" = yes ] || { say 'set-up failed'; return 1; }
}
