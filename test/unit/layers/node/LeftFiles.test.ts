import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import * as fs from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { ownerMark } from "../../../../layers/node/FileOwner.ts"
import { removeLeftParts, removeLeftTemporary } from "../../../../layers/node/LeftFiles.ts"

let folder = ""
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), "afluente-left-"))
})
afterEach(() => fs.rm(folder, { recursive: true }))

const dayMillis = 24 * 60 * 60 * 1000
const tomorrow = () => Date.now() + dayMillis + 60_000

const made = async (...names: ReadonlyArray<string>) => {
  for (const name of names) {
    await fs.mkdir(dirname(join(folder, name)), { recursive: true })
    await fs.writeFile(join(folder, name), "row")
  }
}
const left = () => fs.readdir(folder)

/** Where owners can be seen at all, which is Linux. */
const isSeen = ownerMark() !== "unknown"
const [host = "", pid = "", start = ""] = ownerMark().split("-")
/** A process of another container, or of another machine. */
const elsewhere = "0123456789ab-1-77"

/** The mark of a process, and what ends it. */
const otherProcess = async () => {
  const child = spawn(process.execPath, ["-e", "console.log('up'); setInterval(() => {}, 1000)"])
  await once(child.stdout, "data")
  const stat = isSeen ? readFileSync(`/proc/${child.pid}/stat`, "latin1") : ""
  const began = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]
  return {
    mark: `${host}-${child.pid}-${began}`,
    kill: async () => {
      child.kill("SIGKILL")
      await once(child, "exit")
    },
  }
}

describe("Files of killed processes", () => {
  it("stay while their owner lives, and go when it is killed", async () => {
    const { mark, kill } = await otherProcess()
    const names = [`afluente-spool-${mark}-1`, `afluente-verify-${mark}-xyz`]
    await made(names[0] ?? "", `${names[1]}/engine-1/tables.duckdb`)
    await removeLeftTemporary(folder)
    assert.deepStrictEqual(await left(), names)
    await kill()
    await removeLeftTemporary(folder)
    assert.deepStrictEqual(await left(), isSeen ? [] : names)
  })

  it("are known from those of a later process with the same id", async () => {
    await made(`afluente-spool-${host}-${pid}-${Number(start) - 1}-1`)
    await removeLeftTemporary(folder)
    assert.lengthOf(await left(), isSeen ? 0 : 1)
  })

  it("stay for ever where this process is their owner", async () => {
    await made(`afluente-spool-${ownerMark()}-1`)
    await removeLeftTemporary(folder, isSeen ? tomorrow() : Date.now())
    assert.lengthOf(await left(), 1)
  })

  for (const [what, mark] of [
    ["another container's", elsewhere],
    ["an older version's", "mK3x9Q"],
  ]) {
    it(`stay for a day where they are ${what}`, async () => {
      await made(`afluente-verify-${mark}-1/live-0.csv`)
      await removeLeftTemporary(folder)
      assert.lengthOf(await left(), 1)
      await removeLeftTemporary(folder, tomorrow())
      assert.lengthOf(await left(), 0)
    })
  }

  it("stay where nobody knows the owner and something in them was written within a day", async () => {
    const name = `afluente-verify-${elsewhere}-1`
    await made(`${name}/engine-1/tables.duckdb`)
    const old = new Date(Date.now() - 2 * dayMillis)
    for (const path of [name, `${name}/engine-1`]) await fs.utimes(join(folder, path), old, old)
    await removeLeftTemporary(folder)
    assert.lengthOf(await left(), 1)
  })

  it("are not taken for those of other programs", async () => {
    const names = ["afluente-1.log", "other", "spool-1"]
    await made(...names)
    await removeLeftTemporary(folder, tomorrow())
    assert.deepStrictEqual(await left(), names)
  })
})

describe("Hidden files of a lake", () => {
  it("go where their owner is dead, below full and inc, and nothing else goes", async () => {
    const dead = `.afluente-${host}-${pid}-${Number(start) - 1}-uuid.part`
    const staying = ["full/a/date=20251103/full_a.csv", "inc/.hidden.part", "inc/date=20251103/cdc.csv"]
    const parts = [dead, `full/a/date=20251103/${dead}`, `inc/${dead}`, `inc/date=20251103/${dead}`]
    const elsewhere = [`other/${dead}`, `inc/.trash/${dead}`]
    await made(...staying, ...parts, ...elsewhere)
    await removeLeftParts(folder, ["full", "inc"])
    const found = await fs.readdir(folder, { recursive: true, withFileTypes: true })
    const files = found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
    const expected = [...staying, ...elsewhere, ...(isSeen ? [] : parts)].map((name) => join(folder, name))
    assert.deepStrictEqual(files.sort(), expected.sort())
  })

  it("stay for a day where their owner cannot be seen from here", async () => {
    await made(
      "inc/.afluente-2b9f7a52-ac1b-4dd5-9b0c-000000000000.part",
      `inc/.afluente-${elsewhere}-uuid.part`,
    )
    await removeLeftParts(folder, ["inc"])
    assert.lengthOf(await fs.readdir(join(folder, "inc")), 2)
    await removeLeftParts(folder, ["inc"], tomorrow())
    assert.lengthOf(await fs.readdir(join(folder, "inc")), 0)
  })
})
