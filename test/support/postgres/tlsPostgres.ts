/** A PostgreSQL that speaks TLS, with a certificate that is good or bad. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import { type Certificates, TestCertificates } from "../network/certificates.ts"
import { TestPostgres } from "./postgres.ts"

export type ServerCertificate = Exclude<keyof Certificates, "authority" | "client">

/**
 * Roles with the password `secret` who may come in one way only: `only_tls`, `only_clear`, and `with_certificate`, who
 * shows one instead. All others may come in both ways.
 */
const roles = ["only_tls", "only_clear", "with_certificate"]
const hba = `
hostssl   all only_tls         all scram-sha-256
hostnossl all only_clear       all scram-sha-256
hostssl   all with_certificate all cert
host      all only_tls,only_clear,with_certificate all reject
host      all all              all scram-sha-256
`

export const tlsPostgres = (which: ServerCertificate) =>
  Layer.unwrap(
    Effect.map(TestCertificates, (certificates) =>
      TestPostgres.layer({
        settings: {
          ssl: "on",
          ssl_cert_file: certificates[which].cert,
          ssl_key_file: certificates[which].key,
          ssl_ca_file: certificates.authority,
        },
      }),
    ),
  ).pipe(
    Layer.tap((context) =>
      Effect.gen(function* () {
        const { sql, server } = yield* TestPostgres
        yield* sql(roles.map((role) => `CREATE ROLE ${role} LOGIN PASSWORD 'secret';`).join(" "))
        yield* Effect.promise(() => writeFile(join(server.dataFolder, "cluster", "pg_hba.conf"), hba))
        yield* server.restart
      }).pipe(Effect.provideContext(context)),
    ),
  )
