import { assert, describe, it } from "@effect/vitest"
import { Option, Redacted, Result } from "effect"
import { parseDatabaseUrl } from "../../src/core/SourceAddress.ts"

const address = (text: string) => Result.getOrThrow(parseDatabaseUrl(text))
const why = (text: string) => Result.getOrThrow(Result.flip(parseDatabaseUrl(text)))

describe("DATABASE_URL", () => {
  it("tells every part", () => {
    const read = address(
      "postgresql://ana:p%40ss@db.example:6543/loja?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/me.crt&sslkey=/me.key",
    )
    const expected: unknown = {
      host: Option.some("db.example"),
      port: 6543,
      user: Option.some("ana"),
      password: Option.some("p@ss"),
      database: Option.some("loja"),
      sslMode: "verify-full",
      sslRootCert: Option.some("/ca.pem"),
      sslCert: Option.some("/me.crt"),
      sslKey: Option.some("/me.key"),
    }
    assert.deepStrictEqual<unknown>(
      { ...read, password: Option.map(read.password ?? Option.none(), Redacted.value) },
      expected,
    )
  })

  it("leaves what it does not say to the other variables", () => {
    assert.deepStrictEqual(address("postgres://db.example"), { host: Option.some("db.example") })
  })

  it("names the folder of a unix socket as libpq does", () => {
    assert.deepStrictEqual(address("postgres:///loja?host=/run/postgresql"), {
      host: Option.some("/run/postgresql"),
      database: Option.some("loja"),
    })
  })

  it("takes an IPv6 address without its brackets", () => {
    assert.deepStrictEqual(address("postgres://[::1]/x").host, Option.some("::1"))
  })

  it("is refused without repeating the password", () => {
    for (const text of [
      "mysql://u:geheim@h/d",
      "postgres://u:geheim%@h/d",
      "postgres://u:geheim@h:port/d",
      "postgres://u:geheim@h/d?sslmode=yes",
    ]) {
      assert.notInclude(why(text), "geheim")
    }
  })
})
