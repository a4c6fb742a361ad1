/** `sslmode` as libpq has it, against servers with good and bad certificates. */
import { assert, layer } from "@effect/vitest"
import { Effect, Option, Redacted, Runtime } from "effect"
import { connect } from "../../../layers/postgres/connection/PostgresSession.ts"
import type { SourceAddress, SslMode } from "../../../src/core/source/SourceAddress.ts"
import { TestCertificates } from "../../support/network/certificates.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { tlsPostgres } from "../../support/postgres/tlsPostgres.ts"

interface Attempt {
  readonly sslMode: SslMode
  readonly user?: string
  readonly host?: string
  /** `hostaddr`: what is connected to, whatever the host. */
  readonly hostAddress?: string
  /** Whether `PGSSLROOTCERT` names our authority. */
  readonly knowsAuthority?: boolean
  readonly showsCertificate?: boolean
  /** Over what the rest comes to. */
  readonly address?: Partial<SourceAddress>
}

/** Connects, and tells how: `encrypted`, `clear`, or the error. */
const attempt = Effect.fnUntraced(function* (asked: Attempt) {
  const { server } = yield* TestPostgres
  const { authority, client } = yield* TestCertificates
  const own = asked.showsCertificate === true ? Option.some(client) : Option.none()
  const address: SourceAddress = {
    hosts: [
      {
        host: Option.some(asked.host ?? "127.0.0.1"),
        hostAddress: Option.fromNullishOr(asked.hostAddress),
        port: server.port,
      },
    ],
    target: "any",
    passwordFile: Option.none(),
    applicationName: Option.none(),
    options: Option.none(),
    connectTimeout: Option.none(),
    user: Option.some(asked.user ?? server.user),
    password: Option.some(Redacted.make(asked.user === undefined ? server.password : "secret")),
    database: Option.some("postgres"),
    sslMode: asked.sslMode,
    sslRootCert: asked.knowsAuthority === true ? Option.some(authority) : Option.none(),
    sslCert: Option.map(own, ({ cert }) => cert),
    sslKey: Option.map(own, ({ key }) => key),
    sessionPooler: "refuse",
    ...asked.address,
  }
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const session = yield* connect(address, "test")
      const [row] = yield* session.query("", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
      return row?.["ssl"] === "t" ? "encrypted" : "clear"
    }),
  ).pipe(Effect.catch((error) => Effect.succeed(error)))
})

const assertEncrypted = (asked: Attempt) =>
  Effect.map(attempt(asked), (how) => assert.strictEqual(how, "encrypted"))
const assertClear = (asked: Attempt) => Effect.map(attempt(asked), (how) => assert.strictEqual(how, "clear"))

/** Exit code 2, at once, in words. */
const assertRefused = (asked: Attempt, words: RegExp) =>
  Effect.map(attempt(asked), (how) => {
    if (typeof how === "string") return assert.fail(`it went ${how}`)
    assert.deepStrictEqual([how[Runtime.errorExitCode], how.isRetryable], [2, false], how.message)
    assert.match(how.message, words)
  })

layer(TestCertificates.layer, { excludeTestServices: true })("sslmode", (it) => {
  it.layer(tlsPostgres("server"))("on a server with a good certificate", (it) => {
    it.effect("disable goes in clear", () => assertClear({ sslMode: "disable" }))
    it.effect("allow goes in clear", () => assertClear({ sslMode: "allow" }))
    it.effect("allow goes encrypted where clear is barred", () =>
      assertEncrypted({ sslMode: "allow", user: "only_tls" }),
    )
    it.effect("prefer goes encrypted", () => assertEncrypted({ sslMode: "prefer" }))
    it.effect("prefer goes in clear where encrypted is barred", () =>
      assertClear({ sslMode: "prefer", user: "only_clear" }),
    )
    it.effect("prefer tells of both ways where both are barred", () =>
      assertRefused(
        { sslMode: "prefer", user: "with_certificate" },
        /client certificate.*PGSSLCERT.*; clear: .*pg_hba\.conf.*no encryption/,
      ),
    )
    it.effect("require goes encrypted and asks for no authority", () =>
      assertEncrypted({ sslMode: "require" }),
    )
    it.effect("require never goes in clear", () =>
      assertRefused({ sslMode: "require", user: "only_clear" }, /pg_hba\.conf.*SSL encryption/),
    )
    it.effect("verify-ca goes encrypted where the authority is known", () =>
      assertEncrypted({ sslMode: "verify-ca", knowsAuthority: true }),
    )
    for (const host of ["127.0.0.1", "localhost"]) {
      it.effect(`verify-full goes encrypted to ${host}, for which the certificate is`, () =>
        assertEncrypted({ sslMode: "verify-full", knowsAuthority: true, host }),
      )
    }
    for (const sslMode of ["verify-ca", "verify-full"] as const) {
      it.effect(`${sslMode} without an authority asks those that Node knows, and names PGSSLROOTCERT`, () =>
        assertRefused({ sslMode }, /authority that is not known.*name the file .* in PGSSLROOTCERT/),
      )
    }
    it.effect("disable is told where the server wants encryption", () =>
      assertRefused(
        { sslMode: "disable", user: "only_tls" },
        /pg_hba\.conf.*no encryption.*`hostssl` there wants PGSSLMODE=require/,
      ),
    )
    it.effect("a certificate of our own is shown to a server that asks for it", () =>
      assertEncrypted({ sslMode: "require", user: "with_certificate", showsCertificate: true }),
    )
    it.effect("a certificate of our own is missed by a server that asks for it", () =>
      assertRefused(
        { sslMode: "require", user: "with_certificate" },
        /valid client certificate; name its files in PGSSLCERT/,
      ),
    )
    it.effect(
      "a file of authorities that is not there is a mistake in every mode, and never means clear",
      () =>
        assertRefused(
          { sslMode: "prefer", address: { sslRootCert: Option.some("/not/there.pem") } },
          /the file of PGSSLROOTCERT cannot be used \(ENOENT/,
        ),
    )
    it.effect("a file of authorities that holds no certificate is a mistake too", () =>
      Effect.flatMap(TestCertificates, ({ client }) =>
        assertRefused(
          { sslMode: "verify-ca", address: { sslRootCert: Option.some(client.key) } },
          /the file of PGSSLROOTCERT cannot be used \(.*PEM/,
        ),
      ),
    )
  })

  it.layer(tlsPostgres("stranger"))("on a server of an authority that nobody told us of", (it) => {
    it.effect("require goes encrypted", () => assertEncrypted({ sslMode: "require" }))
    for (const sslMode of ["require", "verify-ca", "verify-full"] as const) {
      it.effect(`${sslMode} with another authority is refused`, () =>
        assertRefused({ sslMode, knowsAuthority: true }, /authority that is not known/),
      )
    }
    it.effect("prefer with another authority goes in clear, as libpq does", () =>
      assertClear({ sslMode: "prefer", knowsAuthority: true }),
    )
  })

  it.layer(tlsPostgres("otherHost"))("on a server with a certificate for another host", (it) => {
    for (const sslMode of ["require", "verify-ca"] as const) {
      it.effect(`${sslMode} goes encrypted`, () => assertEncrypted({ sslMode, knowsAuthority: true }))
    }
    it.effect("verify-full is refused, with the name that the certificate bears", () =>
      assertRefused(
        { sslMode: "verify-full", knowsAuthority: true, host: "localhost" },
        /its certificate is for another host \(.*localhost.*db\.example/,
      ),
    )
  })

  it.layer(tlsPostgres("otherHost"))("on a server that is reached by hostaddr", (it) => {
    const byAddress = { sslMode: "verify-full", knowsAuthority: true, hostAddress: "127.0.0.1" } as const
    it.effect("verify-full asks for the name of host and not for the address", () =>
      assertEncrypted({ ...byAddress, host: "db.example" }),
    )
    it.effect("verify-full refuses a certificate for another name than that of host", () =>
      assertRefused({ ...byAddress, host: "other.example" }, /for another host \(.*other\.example/),
    )
  })

  it.layer(tlsPostgres("expired"))("on a server whose certificate has expired", (it) => {
    it.effect("require goes encrypted", () => assertEncrypted({ sslMode: "require" }))
    for (const sslMode of ["verify-ca", "verify-full"] as const) {
      it.effect(`${sslMode} is refused`, () =>
        assertRefused({ sslMode, knowsAuthority: true }, /its certificate has expired; have it renewed/),
      )
    }
  })

  it.layer(TestPostgres.shared)("on a server without TLS", (it) => {
    it.effect("prefer goes in clear", () => assertClear({ sslMode: "prefer" }))
    for (const sslMode of ["require", "verify-ca", "verify-full"] as const) {
      it.effect(`${sslMode} is refused, with what to switch on`, () =>
        assertRefused(
          { sslMode },
          /the server does not speak TLS, which PGSSLMODE asks for; switch `ssl` on/,
        ),
      )
    }
  })
})
