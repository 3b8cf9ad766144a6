import { getCACertificates } from 'node:tls'
import type { CustomFetch } from 'openid-client'
import { isConfidentialUrl } from '../../model/issuer.ts'

/** The provider gave no answer that could be used, or none at all. */
export class NoAnswer extends Error {}

/** A discovery document or key set of a big provider has some ten thousand bytes. */
const maxBytes = 1024 * 1024

/** Proxies of the environment are not asked; Bun takes this beside what the standard knows. */
interface ProviderInit extends RequestInit {
  readonly proxy: false
  readonly tls?: { readonly ca: readonly string[] }
}

/**
 * Talks to the provider: over TLS or on this machine, following nothing elsewhere, with an answer of
 * 1 MiB at most. How long it may take is the caller's signal.
 * @param caPem further authorities to trust
 */
export function createProviderFetch(caPem: string | null): CustomFetch {
  const tls = caPem === null ? {} : { tls: { ca: [...getCACertificates('default'), caPem] } }
  return async (url, options) => {
    if (!isConfidentialUrl(new URL(url))) throw new NoAnswer(`${url} is plain http`)
    const init = { ...options, ...tls, redirect: 'manual', proxy: false } as ProviderInit
    try {
      const response = await fetch(url, init as unknown as RequestInit)
      const { status, headers } = response
      const body = await readBounded(response)
      return new Response(hasNoBody(status) ? null : body, { status, headers })
    } catch (cause) {
      if (cause instanceof NoAnswer) throw cause
      throw new NoAnswer(`${new URL(url).host} did not answer`, { cause })
    }
  }
}

/** Statuses that `Response` takes without a body alone. */
const hasNoBody = (status: number) => [101, 103, 204, 205, 304].includes(status)

async function readBounded(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength
    // Leaving the loop cancels the rest.
    if (length > maxBytes) throw new NoAnswer(`the answer has more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
