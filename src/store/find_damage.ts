import type { Database as Connection } from 'bun:sqlite'

const mostFindings = 10

/**
 * Checks every table (`PRAGMA quick_check`), one in each turn of the event loop, and says what is
 * wrong where, ten findings at most (reliability.md case 228).
 * @param isOver tells that the connection may no longer be used
 */
export async function findDamage(
  connection: Connection,
  isOver: () => boolean,
): Promise<readonly string[]> {
  const findings: string[] = []
  for (const table of tablesOf(connection)) {
    await new Promise((resolve) => setImmediate(resolve))
    if (isOver() || findings.length >= mostFindings) break
    findings.push(...findingsIn(connection, table))
  }
  return findings.slice(0, mostFindings)
}

function tablesOf(connection: Connection): readonly string[] {
  try {
    const rows = connection.query("SELECT name FROM sqlite_schema WHERE type = 'table'").values()
    return rows.map(([name]) => String(name))
  } catch {
    return ['sqlite_schema']
  }
}

function findingsIn(connection: Connection, table: string): readonly string[] {
  const name = table.replaceAll("'", "''")
  try {
    const rows = connection.query(`PRAGMA quick_check('${name}')`).values()
    const texts = rows.map(([text]) => String(text)).filter((text) => text !== 'ok')
    return texts.map((text) => `${table}: ${text.replaceAll(/\s+/g, ' ').slice(0, 200)}`)
  } catch (error) {
    return [`${table}: ${error instanceof Error ? error.message : String(error)}`]
  }
}
