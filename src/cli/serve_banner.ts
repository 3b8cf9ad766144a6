import { networkInterfaces } from 'node:os'
import type { Config } from '../config.ts'
import { formatListen, localUrl } from '../model/setting.ts'
import { version } from '../version.ts'
import { textDetails } from './text_table.ts'

/** The address to tell people and clients: the public URL, or where this machine reaches the server. */
export function urlToTell({ publicUrl, listen }: Config, port: number): string {
  return publicUrl ?? localUrl({ host: listen.host, port })
}

/** What a person at a terminal is told when the server is up on this port. */
export function bannerText(config: Config, port: number, setupUrl: string | null): string {
  const url = urlToTell(config, port)
  const details = textDetails([
    ['Address', usableAddresses(config.listen.host, port).join('\n')],
    ...(config.sources.get('public_url') === 'default' ? [] : [['Public URL', url] as const]),
    ['API docs', `${url}/docs`],
    ['MCP', `${url}/mcp`],
    ['Data', config.dataDir],
    ...(setupUrl === null ? [] : [['Set up', setupUrl] as const]),
  ])
  const dataDir =
    config.sources.get('data_dir') === 'default' ? '' : ` --data-dir ${config.dataDir}`
  return `
Gatehouse ${version}

${details.replace(/^/gm, '  ').trimEnd()}

  Make a project and a key:  gatehouse bootstrap --project demo${dataDir}

`
}

/** The line that tells the first owner's link among the lines of a log, in their form. */
export function setupLine({ logFormat }: Config, setupUrl: string, nowMs: number): string {
  if (logFormat === 'text') return `Set up: ${setupUrl}\n`
  const time = new Date(nowMs).toISOString()
  return `${JSON.stringify({ time, level: 'warn', event: 'setup_needed', setup_url: setupUrl })}\n`
}

/** Addresses that can be opened: a wildcard stands for every address of the machine. */
function usableAddresses(host: string, port: number): string[] {
  const hosts = host === '0.0.0.0' || host === '::' ? machineAddresses(host === '::') : [host]
  return hosts.map((each) => `http://${formatListen({ host: each, port })}`)
}

function machineAddresses(withV6: boolean): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const isUsable = ({ family, address }: { family: string; address: string }) =>
    family === 'IPv4' || (withV6 && !/^fe80:/i.test(address))
  return all.filter(isUsable).map(({ address }) => address)
}
