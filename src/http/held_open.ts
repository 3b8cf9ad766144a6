import type { Peer } from './peer.ts'

/** Keeps the connection open for as long as the work takes, however silent it is. */
export async function heldOpen<T>(peer: Peer, work: () => Promise<T>): Promise<T> {
  if (peer.kind !== 'tcp') return work()
  peer.setPace('calling')
  try {
    return await work()
  } finally {
    peer.setPace('quiet')
  }
}
