/** Headless Chromium: Debian's `chromium`, or the program that the variable `CHROMIUM` names. */
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import { Effect, type Scope } from "effect"
import { chromium, type Page } from "playwright-core"

const names = ["chromium", "chromium-browser", "google-chrome"]

const onPath = (): string | undefined =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path))

const chromiumPath = Effect.suspend(() => {
  const path = process.env["CHROMIUM"] ?? onPath()
  return path === undefined
    ? Effect.die(
        new Error("Chromium is not installed. Install it (apt-get install chromium), or set CHROMIUM."),
      )
    : Effect.succeed(path)
})

/**
 * An empty page with two dots for each CSS pixel, for sharp screens. No request leaves this machine. The browser ends
 * with the scope. Dies where there is no Chromium.
 */
export const openPage = (viewport: {
  readonly width: number
  readonly height: number
}): Effect.Effect<Page, never, Scope.Scope> =>
  Effect.gen(function* () {
    const executablePath = yield* chromiumPath
    // It ends with the scope, and a signal ends the scope; by itself it would end the whole process first.
    const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false }
    const browser = yield* Effect.acquireRelease(
      Effect.promise(() => chromium.launch({ executablePath, ...signals })),
      (made) => Effect.promise(() => made.close()),
    )
    return yield* Effect.promise(async () => {
      const context = await browser.newContext({
        viewport,
        deviceScaleFactor: 2,
        locale: "en-GB",
        timezoneId: "UTC",
      })
      await context.route(
        ({ hostname }) => hostname !== "127.0.0.1",
        (route) => route.abort(),
      )
      return context.newPage()
    })
  })
