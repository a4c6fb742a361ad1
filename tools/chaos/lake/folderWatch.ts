/** What can be seen of a writer in a folder: hidden files begin, names appear. It is told some moments later. */
import { type FSWatcher, watch } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { ledgers } from "../source/ledgers.ts"
import type { Moment } from "../steps.ts"

const day = 24 * 60 * 60 * 1000
const dateOf = (millis: number): string => new Date(millis).toISOString().slice(0, 10).replaceAll("-", "")

/** Makes the folders of today and tomorrow, which a writer would make when it needs them, in order to watch them. */
export const watchFolder = async (
  folder: string,
  tell: (moment: Moment) => void,
): Promise<{ readonly close: () => void }> => {
  const now = Date.now()
  const dated = ledgers.flatMap(({ name }) =>
    [now, now + day].map((at) => join(folder, "inc", name, `date=${dateOf(at)}`)),
  )
  for (const path of dated) await mkdir(path, { recursive: true })
  const watched = (path: string, hidden: Moment, named: RegExp, visible: Moment): FSWatcher =>
    watch(path, (event, file) => {
      if (event !== "rename" || file === null) return
      if (named.test(file)) tell(visible)
      else if (file.endsWith(".part")) tell(hidden)
    })
  const watchers = [
    ...dated.map((path) => watched(path, "objectAsked", /^cdc_.*\.csv$/, "objectAnswered")),
    watched(
      join(folder, "inc"),
      "watermarkAsked",
      /^(_watermark\.txt|\._watermark\..*)$/,
      "watermarkAnswered",
    ),
  ]
  return { close: () => watchers.map((watcher) => watcher.close()) }
}
