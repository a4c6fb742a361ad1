import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { createFolders } from "../../../../layers/folder/FolderCreation.ts"

describe("folders", () => {
  it("are created by several at once that share missing parents", async () => {
    for (let attempt = 0; attempt < 40; attempt++) {
      const folder = mkdtempSync(join(tmpdir(), "afluente-folders-"))
      try {
        const created = await Promise.allSettled(
          ["a", "b", "c"].map((dataset) =>
            createFolders(join(folder, "lake", "inc", dataset, "date=20251103")),
          ),
        )
        assert.deepStrictEqual(
          created.map(({ status }) => status),
          ["fulfilled", "fulfilled", "fulfilled"],
        )
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    }
  })
})
