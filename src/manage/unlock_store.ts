import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { MasterKey, newMasterKeyBytes } from '../crypto/master_key.ts'
import { seal, unseal } from '../crypto/seal.ts'
import { AppError } from '../errors.ts'
import type { Database } from '../store/database.ts'
import { findInstanceValue, insertInstanceValue } from '../store/instance_store.ts'

/** The instance value that proves a master key right. */
export const masterKeyCheck = 'master_key_check'
const checkContext = { projectId: 0, toolId: 0, field: masterKeyCheck }

/** Where the master key comes from. */
export interface KeyInputs {
  /** The configured key, 32 bytes; null: `master.key` in the data directory. */
  readonly masterKey: Uint8Array | null
  readonly dataDir: string
}

/**
 * The master key of this data directory, proven against what it sealed at first start.
 * @throws AppError wrong_master_key (reliability.md case 246)
 */
export async function unlockStore(database: Database, inputs: KeyInputs): Promise<MasterKey> {
  const check = await database.read(() => findInstanceValue(masterKeyCheck))
  const masterKey = new MasterKey(inputs.masterKey ?? keyFromFile(inputs.dataDir, check === null))
  if (check === null) {
    const sealed = seal(masterKey, checkContext, masterKey.id)
    await database.write(() => insertInstanceValue(masterKeyCheck, sealed))
    return masterKey
  }
  try {
    unseal(masterKey, checkContext, check)
    return masterKey
  } catch (cause) {
    throw wrongKey(`The key given has id ${masterKey.id}; another one sealed this database.`, cause)
  }
}

function keyFromFile(dataDir: string, isFirstStart: boolean): Uint8Array {
  const path = join(dataDir, 'master.key')
  if (!existsSync(path)) {
    if (!isFirstStart) {
      throw wrongKey(`${path} is missing. Put it back, or give GATEHOUSE_MASTER_KEY.`)
    }
    const key = newMasterKeyBytes()
    writeKey(path, dataDir, `${Buffer.from(key).toString('base64')}\n`)
    return key
  }
  chmodSync(path, 0o600)
  const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64')
  if (key.byteLength !== 32) throw wrongKey(`${path} does not hold 32 bytes in base64.`)
  return key
}

/** The key must be on disk before anything it sealed is. */
function writeKey(path: string, dataDir: string, text: string): void {
  const file = openSync(path, 'wx', 0o600)
  writeSync(file, text)
  fsyncSync(file)
  closeSync(file)
  const directory = openSync(dataDir, 'r')
  fsyncSync(directory)
  closeSync(directory)
}

const wrongKey = (reason: string, cause?: unknown) =>
  new AppError('wrong_master_key', { reason, cause })
