import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDir } from './temporary_dir.ts'

/** A certificate and its key, PEM. */
export interface TestCertificate {
  readonly cert: string
  readonly key: string
}

/** What a certificate says. */
export interface CertificateRequest {
  readonly dns?: readonly string[]
  readonly ip?: readonly string[]
  readonly commonName?: string
  /** Negative makes one that has expired. */
  readonly days?: number
}

/** An authority nobody but the test trusts. */
export class TestAuthority {
  /** Its own certificate, PEM. */
  readonly pem: string
  private readonly dir = temporaryDir()
  private count = 0

  constructor(commonName = 'Test authority') {
    const subject = ['-subj', `/CN=${commonName}`, '-days', '30']
    this.openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', ...subject)
    this.pem = this.read('ca.pem')
  }

  /** Issues a server certificate. */
  issue(request: CertificateRequest): TestCertificate {
    const name = `leaf${++this.count}`
    const subject = `/CN=${request.commonName ?? 'leaf'}`
    this.openssl(
      'req',
      ...newKey,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      subject,
    )
    writeFileSync(join(this.dir, `${name}.ext`), extensions(request))
    const signing = [
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-extfile',
      `${name}.ext`,
    ]
    const days = ['-days', String(request.days ?? 10)]
    this.openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signing, ...days)
    return { cert: this.read(`${name}.pem`), key: this.read(`${name}.key`) }
  }

  /** Makes a certificate that vouches for itself. */
  selfSigned(dns: string): TestCertificate {
    const name = `self${++this.count}`
    const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`]
    const says = ['-subj', `/CN=${dns}`, '-addext', `subjectAltName=DNS:${dns}`, '-days', '10']
    this.openssl('req', '-x509', ...newKey, ...files, ...says)
    return { cert: this.read(`${name}.pem`), key: this.read(`${name}.key`) }
  }

  /** Removes its files. */
  remove(): void {
    rmSync(this.dir, { recursive: true, force: true })
  }

  private openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.dir, stdio: 'pipe' })
  }

  private read(file: string): string {
    return readFileSync(join(this.dir, file), 'utf8')
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

function extensions({ dns = [], ip = [] }: CertificateRequest): string {
  const names = [...dns.map((name) => `DNS:${name}`), ...ip.map((address) => `IP:${address}`)]
  const alternative = names.length === 0 ? '' : `subjectAltName=${names.join(',')}\n`
  return `${alternative}basicConstraints=CA:FALSE\n`
}
