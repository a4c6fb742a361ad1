/** The Markdown files that people write and read: their links and the length of their lines. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const root = fileURLToPath(new URL("../../../", import.meta.url))

const pages = ["", "docs", "docs/decisions"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
)
/** `npm run trial` writes it, with what the program printed. */
const written = pages.filter((page) => page !== join("docs", "trial.md"))

const textOf = (page: string): string => readFileSync(join(root, page), "utf8")

/** Lines outside of code blocks. */
const prose = (page: string): ReadonlyArray<string> =>
  textOf(page)
    .replace(/^ *```.*?^ *```$/gms, "")
    .split("\n")

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, "")
    .replaceAll(" ", "-")

const anchorsOf = (page: string): ReadonlyArray<string> =>
  prose(page).flatMap((line) => /^#+ (.*)$/.exec(line)?.slice(1).map(anchorOf) ?? [])

/** Targets of links and pictures, as Markdown or as HTML. */
const links = written.flatMap((page) =>
  [
    ...prose(page)
      .join("\n")
      .matchAll(/(?:\]\(|src=")([^)"\s]+)[)"]/g),
  ].flatMap(([, target = ""]) => (/^[a-z]+:/.test(target) ? [] : [{ page, target }])),
)

const isBroken = ({ page, target }: { readonly page: string; readonly target: string }): boolean => {
  const [path = "", anchor] = target.split("#")
  const file = path === "" ? page : normalize(join(dirname(page), path))
  return !existsSync(join(root, file)) || (anchor !== undefined && !anchorsOf(file).includes(anchor))
}

describe("the documents", () => {
  it("link to files, pictures and headings that are there", () => {
    assert.isAbove(links.length, 100)
    assert.deepStrictEqual(links.filter(isBroken), [])
  })

  it("name files and folders of the project that are there", () => {
    const named = written.flatMap((page) =>
      [...textOf(page).matchAll(/`((?:src|layers|test|query|deploy|docs)\/[\w./-]*)`/g)].map(
        ([, path = ""]) => ({
          page,
          path,
        }),
      ),
    )
    assert.isAbove(named.length, 50)
    assert.deepStrictEqual(
      named.filter(({ path }) => !existsSync(join(root, path))),
      [],
    )
  })

  it("have lines under 120 characters, outside of code", () => {
    const long = written.flatMap((page) =>
      prose(page)
        .filter((line) => line.length >= 120 && !line.startsWith("    "))
        .map((line) => `${page}: ${line}`),
    )
    assert.deepStrictEqual(long, [])
  })

  it("say in README.md what a newcomer needs in at most 200 lines, in English and in Portuguese", () => {
    for (const page of ["README.md", "README.pt-BR.md"])
      assert.isAtMost(textOf(page).trimEnd().split("\n").length, 200, page)
  })
})
