import { assert, describe, it } from "@effect/vitest"
import { Option, Redacted, Result } from "effect"
import { parseConnectionString } from "../../../../src/core/source/ConnectionString.ts"
import { sourceAddressOf } from "../../../../src/core/source/SourceAddress.ts"

const options = (text: string) => Object.fromEntries(Result.getOrThrow(parseConnectionString(text)))
const why = (text: string) => Result.getOrThrow(Result.flip(parseConnectionString(text)))

/** Parsed to the end: what the session would use, or the whole text of the problems. */
const address = (text: string) =>
  Result.flatMap(
    Result.mapError(parseConnectionString(text), (problem) => problem),
    (read) => Result.mapError(sourceAddressOf(read), (problems) => JSON.stringify(problems)),
  )

describe("a connection string", () => {
  it("leaves what it does not say to the other settings", () => {
    assert.deepStrictEqual(options("postgres://db.example"), { host: "db.example" })
    assert.deepStrictEqual(options("postgresql://"), {})
  })

  it("says how to write a password of which a part was read as the port", () => {
    for (const text of ["postgres://afluente:p", "postgres://u:fee"]) {
      assert.include(why(text), "its port is no number; write special characters of the password as %-codes")
      assert.include(why(text), "in .env a bare # begins a comment")
    }
  })

  it("says with a list of hosts also that none of them has a port of its own", () => {
    assert.deepStrictEqual(options("postgres://a,b/"), { host: "a,b", port: "," })
  })

  it("takes an IPv6 address without its brackets", () => {
    assert.deepStrictEqual(options("postgres://[::1]:5433,[fe80::2]/x"), {
      host: "::1,fe80::2",
      port: "5433,",
      dbname: "x",
    })
  })

  it("names every parameter that is not understood", () => {
    const told = why("postgres://ana:geheim@db/loja?pgbouncer=true&schema=public&sslcrl=x")
    for (const name of ["pgbouncer", "schema", "sslcrl"]) assert.include(told, `the parameter ${name} `)
  })

  it("does not name a parameter that may be the rest of a password", () => {
    assert.notInclude(why("postgres://db/loja?password=geheim&secret=word"), "secret")
    assert.notInclude(why("host=db password=geheim secret=word"), "secret")
    assert.notInclude(why("host=db password=geheim secret"), "secret")
  })

  it("does not repeat what is no connection string at all", () => {
    for (const text of [
      "//ana:geheim@db/loja?sslmode=x",
      "ana:geheim@db/loja?sslmode=x",
      "geheim==",
      "postgresql+driver://ana:geheim@db/loja?a=b",
      "host=db ana:geheim@db=x",
    ]) {
      assert.notInclude(why(text), "geheim", text)
    }
  })

  it("is refused where it is of another kind", () => {
    for (const text of [
      "",
      "mysql://u:geheim@h/d",
      "loja",
      "jdbc:postgresql://h/d?user=x",
      "Postgres://h/d",
    ]) {
      assert.include(why(text), "it must begin with postgres://", text)
    }
  })

  const characters = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
  const passwords = characters.flatMap((a) => characters.map((b) => `geheim${a}1${b}secret`))
  const places = [
    (password: string) => `postgres://ana:${password}@db:5432/loja`,
    (password: string) => `postgres://ana:${password}@db,db2/loja?sslmode=disable`,
  ]

  it("uses a password that is not coded as it is, or refuses it without a part of it", () => {
    for (const place of places) {
      for (const password of passwords) {
        const read = address(place(password))
        if (Result.isFailure(read)) {
          assert.notMatch(read.failure, /geheim|secret/, password)
          continue
        }
        const decoded = password.replace(/%([0-9a-f]{2})/gi, (code) => decodeURIComponent(code))
        const { hosts, database, user } = read.success
        assert.deepStrictEqual(Option.map(read.success.password, Redacted.value), Option.some(decoded))
        assert.deepStrictEqual(
          [hosts[0]?.host, database, user],
          [Option.some("db"), Option.some("loja"), Option.some("ana")],
          password,
        )
      }
    }
  })

  it("says of a password with #, @ or / what to do", () => {
    for (const character of ["#", "@", "/1@", "/?x=@"]) {
      assert.include(
        why(`postgres://ana:1${character}geheim@db/loja`),
        "write special characters of the password as %-codes",
        character,
      )
    }
  })
})
