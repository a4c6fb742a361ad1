/** Files of rows in a temporary folder. */
import { type FileHandle, open as openFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import type { StoredRows } from "../../../src/services/lake/ComparedRows.ts"
import type { ComparisonError } from "../../../src/services/lake/ComparisonError.ts"
import { attempt } from "../DuckDbErrors.ts"

/** Its length is in bytes. One write at a time. */
export interface RowFile extends StoredRows {
  readonly append: (bytes: Uint8Array) => Effect.Effect<void, ComparisonError>
}

const rowFile = (name: string, handle: FileHandle): RowFile => {
  let end = 0
  return {
    name,
    append: (bytes) =>
      attempt("writing rows", async () => {
        for (let done = 0; done < bytes.length; ) {
          done += (await handle.write(bytes, done, bytes.length - done, end + done)).bytesWritten
        }
        end += bytes.length
      }),
    length: Effect.sync(() => end),
    cut: (length) =>
      attempt("writing rows", async () => {
        await handle.truncate(length)
        end = length
      }),
  }
}

/** The file of these rows in the folder of their workbench. */
export const pathOf = (folder: string, { name }: Pick<StoredRows, "name">): string =>
  join(folder, `${name}.csv`)

/** An empty file, removed with the scope. */
export const openRows = (folder: string, name: string) => {
  const path = pathOf(folder, { name })
  return Effect.acquireRelease(
    attempt("writing rows", () => openFile(path, "w+", 0o600)),
    (handle) =>
      Effect.ignore(
        attempt("removing rows", async () => {
          await handle.close()
          await rm(path, { force: true })
        }),
      ),
  ).pipe(Effect.map((handle) => rowFile(name, handle)))
}
