/** The pictures in `docs/pictures/`, which `npm run pictures` makes, and the documents that show them. */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const folder = "docs/pictures"
const pictures = readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)

/** Pictures that a page shows, as Markdown or as HTML, with the text for those who do not see them. */
const shownBy = (page: string): ReadonlyArray<{ readonly path: string; readonly alt: string }> => {
  const text = readFileSync(join(root, page), "utf8")
  const images = /!\[([^\]]*)\]\(([^)\s]+)\)|<img alt="([^"]*)" src="([^"]+)">/g
  return [...text.matchAll(images)].map(([, alt, path, htmlAlt = "", htmlPath = ""]) => ({
    path: path ?? htmlPath,
    alt: alt ?? htmlAlt,
  }))
}

describe.each(["README.md", "README.pt-BR.md"])("the pictures of %s", (page) => {
  it("are all that there are, each once", () => {
    assert.isNotEmpty(pictures)
    assert.deepStrictEqual(
      shownBy(page)
        .map(({ path }) => path)
        .sort(),
      [...pictures].sort(),
    )
  })

  it("are described in words", () => {
    assert.deepStrictEqual(
      shownBy(page).filter(({ alt }) => alt.length < 20),
      [],
    )
  })
})

describe("a picture", () => {
  it.each(pictures)("%s is a PNG of less than 300 kB", (picture) => {
    const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    assert.deepStrictEqual(readFileSync(join(root, picture)).subarray(0, 8), signature)
    assert.isBelow(statSync(join(root, picture)).size, 300_000)
  })
})
