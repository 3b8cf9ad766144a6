import type { Command } from 'commander'
import type { Surroundings } from '../surroundings.ts'

/** `gatehouse systemd …`: what a Linux host needs to run the server as a service. */
export function addSystemdCommands(program: Command, { stdout }: Surroundings): void {
  const systemd = program.command('systemd').description('run under systemd')
  systemd
    .command('unit')
    .description('print a hardened unit for /etc/systemd/system/gatehouse.service')
    .option('--exec <path>', 'the executable', '/usr/local/bin/gatehouse')
    .action(({ exec }: { exec: string }) => stdout.write(unitText(exec)))
}

/**
 * A unit under which the server owns nothing but its state directory. MemoryDenyWriteExecute is left
 * out: it switches the JIT compiler off.
 */
export function unitText(executable: string): string {
  return `# Settings: Environment=GATEHOUSE_... below, or /var/lib/gatehouse/gatehouse.toml.
# The master key: make one with "openssl rand -base64 32", keep a copy elsewhere, and store it as
# /etc/credstore/gatehouse.master_key (or encrypted: systemd-creds encrypt). Without one the server
# makes /var/lib/gatehouse/master.key at its first start.
[Unit]
Description=Gatehouse: the execution layer between AI models and HTTP APIs
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
ExecStart=${executable} serve --data-dir %S/gatehouse
DynamicUser=yes
StateDirectory=gatehouse
StateDirectoryMode=0700
LoadCredential=gatehouse.master_key
Restart=on-failure
RestartSec=1
# 2: the settings cannot be used; 78: the master key or the database is not the right one.
RestartPreventExitStatus=2 78
KillSignal=SIGTERM
TimeoutStopSec=45
LimitNOFILE=65536
LimitCORE=0
UMask=0077

ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
NoNewPrivileges=yes
LockPersonality=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
CapabilityBoundingSet=
AmbientCapabilities=
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
# Unlike the rest of the group, the runtime cannot do without this one.
SystemCallFilter=prlimit64

[Install]
WantedBy=multi-user.target
`
}
