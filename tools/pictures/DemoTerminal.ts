/** A picture of `npm run demo`: what it prints on a terminal, in the order in which it prints it. */
import { spawn } from "node:child_process"
import { mkdtemp, open, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { openPage } from "./Browser.ts"

/** Columns of the terminal. The longest heading fits; longer lines are cut. */
const columns = 104

// A letter is 0.602 of the size of this font wide, so that a column is 8 CSS pixels.
const style = `
  body { margin: 0; width: fit-content; }
  pre {
    margin: 0; padding: 16px 20px; width: ${columns * 8}px;
    background: #0d1117; color: #e6edf3; font: 13.288px/20px "DejaVu Sans Mono", monospace;
  }
  div { height: 20px; overflow: hidden; text-overflow: ellipsis; white-space: pre; }
`

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

/** Lines as a page shows them that is as wide as the terminal. */
const terminalPage = (lines: ReadonlyArray<string>): string =>
  `<style>${style}</style><pre>${lines.map((line) => `<div>${escaped(line)}</div>`).join("")}</pre>`

/** Stdout and stderr of the demo in one file, which keeps their order. Dies where the demo fails. */
const demoOutput = (program: string): Effect.Effect<string> =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "afluente-demo-"))),
    (folder) =>
      Effect.promise(async (signal) => {
        const path = join(folder, "output.txt")
        const file = await open(path, "w")
        const code = await new Promise((resolve, reject) => {
          spawn(process.execPath, [program, "demo"], {
            cwd: folder,
            env: { PATH: process.env["PATH"], HOME: folder },
            stdio: ["ignore", file.fd, file.fd],
            signal,
          })
            .once("close", resolve)
            .once("error", reject)
        }).finally(() => file.close())
        const output = await readFile(path, "utf8")
        if (code !== 0) throw new Error(`the demo ended with ${code}\n${output}`)
        return output
      }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true })),
  )

/** The PNG, by its file name. */
export const demoPicture = (program: string): Effect.Effect<Readonly<Record<string, Buffer>>> =>
  Effect.gen(function* () {
    const output = yield* demoOutput(program)
    const page = yield* openPage({ width: 1000, height: 600 })
    return yield* Effect.promise(async () => {
      await page.setContent(terminalPage(["$ npm run demo", ...output.trimEnd().split("\n")]))
      return { "demo.png": await page.locator("pre").screenshot() }
    })
  }).pipe(Effect.scoped)
