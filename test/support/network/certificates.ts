/**
 * Certificates of a test's own: an authority, and servers that it vouches for or should not. Made anew each time, so
 * that none runs out and no private key lies in the repository.
 */
import { generateKeyPair } from "node:crypto"
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { Context, Effect, Layer, type Scope } from "effect"
import forge from "node-forge"
import { isRoot, nobody, temporaryFolder } from "../../../layers/embedded/EmbeddedAccount.ts"

const { pki } = forge

/** Files in PEM, as servers and clients want them. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface Certificates {
  /** The file of the authority that signed all but `stranger`. */
  readonly authority: string
  /** For `localhost` and the loopback addresses. */
  readonly server: Certificate
  /** As `server`, but it ended yesterday. */
  readonly expired: Certificate
  /** For `db.example` alone. */
  readonly otherHost: Certificate
  /** As `server`, of an authority that nobody was told of. */
  readonly stranger: Certificate
  /** Of a client whose name is `with_certificate`. */
  readonly client: Certificate
}

/** PostgreSQL serves as another account when the tests run as root, and insists that its key belongs to it. */
const giveToServer = async (path: string): Promise<void> => {
  await chmod(path, 0o600)
  if (isRoot()) await chown(path, nobody.uid, nobody.gid)
}

const newKey = async () => {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 })
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString()
  const key = pki.privateKeyFromPem(pem)
  return { pem, key, publicKey: pki.setRsaPublicKey(key.n, key.e) }
}

const day = 24 * 60 * 60 * 1000
const dnsName = 2
const ipAddress = 7
const loopback = [
  { type: dnsName, value: "localhost" },
  { type: ipAddress, ip: "127.0.0.1" },
  { type: ipAddress, ip: "::1" },
]

const make = async (folder: string): Promise<Certificates> => {
  const [ours, theirs, leaf] = await Promise.all([newKey(), newKey(), newKey()])
  let serial = 0
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const issue = async (
    name: string,
    options: {
      readonly signer?: typeof ours
      readonly hosts?: ReadonlyArray<object>
      readonly lastDay?: number
      readonly isAuthority?: boolean
    },
  ): Promise<Certificate> => {
    const { signer = ours, hosts = [], lastDay = 1, isAuthority = false } = options
    const own = isAuthority ? signer : leaf
    const certificate = pki.createCertificate()
    certificate.publicKey = own.publicKey
    certificate.serialNumber = `0${++serial}`
    certificate.validity.notBefore = new Date(Date.now() - 3 * day)
    certificate.validity.notAfter = new Date(Date.now() + lastDay * day)
    certificate.setSubject([{ name: "commonName", value: name }])
    certificate.setIssuer([
      { name: "commonName", value: signer === ours ? "authority" : "stranger authority" },
    ])
    certificate.setExtensions([
      { name: "basicConstraints", cA: isAuthority, critical: true },
      ...(hosts.length === 0 ? [] : [{ name: "subjectAltName", altNames: hosts }]),
    ])
    certificate.sign(signer.key, forge.md.sha256.create())
    const file = name.replaceAll(" ", "-")
    const cert = await write(`${file}.crt`, pki.certificateToPem(certificate))
    const key = await write(`${file}.key`, own.pem)
    await giveToServer(key)
    return { cert, key }
  }
  return {
    authority: (await issue("authority", { isAuthority: true })).cert,
    server: await issue("server", { hosts: loopback }),
    expired: await issue("expired", { hosts: loopback, lastDay: -1 }),
    otherHost: await issue("other host", { hosts: [{ type: dnsName, value: "db.example" }] }),
    stranger: await issue("stranger", { hosts: loopback, signer: theirs }),
    client: await issue("with_certificate", {}),
  }
}

/** In a folder that is removed with the scope. */
export const certificates: Effect.Effect<Certificates, never, Scope.Scope> = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const made = await mkdtemp(join(await temporaryFolder(), "certificates-"))
      await chmod(made, 0o755)
      return made
    }),
    (made) => Effect.promise(() => rm(made, { recursive: true, force: true })),
  )
  return yield* Effect.promise(() => make(folder))
})

/** For the tests of one file. */
export class TestCertificates extends Context.Service<TestCertificates, Certificates>()(
  "afluente/test/TestCertificates",
) {
  static readonly layer = Layer.effect(TestCertificates, certificates)
}
