/** Pictures of the MinIO console, as a person sees it who opens the bucket. */
import { Effect } from "effect"
import type { Page } from "playwright-core"
import { openPage } from "./Browser.ts"
import type { Minio } from "./Minio.ts"

/** Wide enough for the longest name in a list. */
const width = 1180
/** As high as the root of the bucket needs; a folder's list needs more. */
const [bucketHeight, listHeight] = [430, 600]
/** Around the list of a folder, in CSS pixels. */
const margin = 12

/** Signs in by the console's own request, and closes the note about the licence that it shows once. */
const signIn = async (page: Page, { console, accessKey, secretKey }: Minio): Promise<void> => {
  const answer = await page.request.post(`${console}/api/v1/login`, { data: { accessKey, secretKey } })
  if (!answer.ok()) throw new Error(`the console refused the keys: ${answer.status()}`)
  await page.goto(`${console}/browser/raw`)
  await page.getByRole("button", { name: "Acknowledge" }).click()
}

/** Files and folders of the open folder. */
const entries = (page: Page) => page.locator(".ReactVirtualized__Table__row")

/** Goes from the root of the bucket through `folders`, and waits for all of `names` in the last one. */
const open = async (
  page: Page,
  { console }: Minio,
  folders: ReadonlyArray<string>,
  names: ReadonlyArray<string>,
): Promise<void> => {
  await page.goto(`${console}/browser/raw`)
  for (const folder of folders) await entries(page).filter({ hasText: folder }).click()
  for (const name of names) await entries(page).filter({ hasText: name }).waitFor()
  await page.evaluate("document.fonts.ready")
  // The console marks the row that the pointer is on.
  await page.mouse.move(0, 0)
}

/** The open folder alone: from its path to its last entry. */
const listPicture = async (page: Page): Promise<Buffer> => {
  const path = await page.locator(".breadcrumbs-bar").boundingBox()
  const last = await entries(page).last().boundingBox()
  if (path === null || last === null) throw new Error("the console shows no list")
  return page.screenshot({
    clip: {
      x: last.x - margin,
      y: path.y - margin,
      width: last.width + 2 * margin,
      height: last.y + last.height - path.y + 2 * margin,
    },
  })
}

/** PNGs by file name: the whole console at the root of the bucket, then the list of each folder. */
export const consolePictures = (minio: Minio): Effect.Effect<Readonly<Record<string, Buffer>>> =>
  Effect.gen(function* () {
    const page = yield* openPage({ width, height: bucketHeight })
    return yield* Effect.promise(async () => {
      await signIn(page, minio)
      await open(page, minio, [], ["full", "inc"])
      const bucket = await page.screenshot()
      await page.setViewportSize({ width, height: listHeight })
      await open(page, minio, ["full", "date="], [".csv", ".json"])
      const full = await listPicture(page)
      await open(page, minio, ["inc"], ["_watermark.txt", "date="])
      const inc = await listPicture(page)
      await open(page, minio, ["inc", "date="], ["cdc_"])
      const changes = await listPicture(page)
      return {
        "console-bucket.png": bucket,
        "console-full.png": full,
        "console-inc.png": inc,
        "console-changes.png": changes,
      }
    })
  }).pipe(Effect.scoped)
