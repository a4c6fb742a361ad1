/**
 * The license notices of the packages that a bundle holds: their licenses ask for them wherever a copy goes.
 * A package's text is its license file, else the license section of its README. A few packages are published with
 * neither: `notices/SCOPE+NAME.txt` then holds the text from the package's repository.
 */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const ownTexts = fileURLToPath(new URL("./", import.meta.url))

/** `node_modules/pg/lib/index.js` is a file of the package in `node_modules/pg`; a nested one counts by itself. */
const packageFolder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/

/** Folders of the packages that have at least a byte in the output, in the order of their names. */
const bundledFolders = (metafile) => {
  const files = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  )
  return [...new Set(files.flatMap((file) => packageFolder.exec(file)?.[0] ?? []))].sort()
}

/** What a license of any kind says, and what a heading or a link to a license elsewhere does not. */
const grants =
  /permission is hereby granted|redistribution and use|grants? (to )?you|permission to use|must not do anything/i

/** The section `License` of a README, without its heading. */
const readmeSection = /^#+ *licen[cs]e\s*\n([\s\S]*?)(?=^#+ |$(?![\s\S]))/im

/** License and notice files, or the README's section; empty where the package has no such text. */
const publishedTexts = async (folder) => {
  const names = await readdir(folder)
  const read = (name) => readFile(join(folder, name), "utf8")
  const files = await Promise.all(
    names.filter((name) => /^(licen[cs]e|copying|notice)/i.test(name)).map(read),
  )
  if (files.some((text) => grants.test(text))) return files
  const readme = names.find((name) => /^readme/i.test(name))
  const section = readme === undefined ? undefined : readmeSection.exec(await read(readme))?.[1]
  return section !== undefined && grants.test(section) ? [...files, section] : []
}

/** Name, version, license and texts of the package in the folder. Throws where there is no license text to give. */
const notice = async (folder, kept) => {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"))
  const file = `${name.replace("/", "+")}.txt`
  const published = await publishedTexts(folder)
  if (published.length > 0 === kept.includes(file)) {
    throw new Error(
      published.length > 0
        ? `${name} ${version} is published with its license text: remove notices/${file}`
        : `${name} ${version} is bundled and is published without a license text: put the one of its repository into notices/${file}`,
    )
  }
  const texts = published.length > 0 ? published : [await readFile(join(ownTexts, file), "utf8")]
  return { file, text: [`${name} ${version} (${license})`, ...texts.map((text) => text.trim())].join("\n\n") }
}

/**
 * The text of `THIRD_PARTY_NOTICES.txt` for an esbuild metafile. Throws where a bundled package has no license text, and
 * where `notices` has a text that no bundled package needs.
 */
export const thirdPartyNotices = async (metafile) => {
  const kept = (await readdir(ownTexts)).filter((name) => name.endsWith(".txt"))
  const notices = await Promise.all(bundledFolders(metafile).map((folder) => notice(folder, kept)))
  const unused = kept.filter((name) => !notices.some(({ file }) => file === name))
  if (unused.length > 0)
    throw new Error(`No bundled package needs ${unused.join(", ")} in notices: remove it`)
  const head = "The files beside this one hold code of these packages, under their licenses."
  return `${[head, ...notices.map(({ text }) => text)].join(`\n\n${"-".repeat(80)}\n\n`)}\n`
}
