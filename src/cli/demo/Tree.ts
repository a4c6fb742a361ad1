/** Draws paths as a tree of folders, for people. */

export interface TreeEntry {
  readonly path: string
  /** Printed after the file's name. */
  readonly note: string
}

interface Folder {
  readonly folders: Map<string, Folder>
  readonly files: Array<{ readonly name: string; readonly note: string }>
}

const newFolder = (): Folder => ({ folders: new Map(), files: [] })

const draw = (folder: Folder, indent: string): ReadonlyArray<string> => {
  const folders = [...folder.folders].map(([name, inner]) => ({ line: `${name}/`, inner }))
  const files = folder.files.map(({ name, note }) => ({ line: `${name}  ${note}`, inner: newFolder() }))
  return [...folders, ...files].flatMap(({ line, inner }, index, all) => {
    const last = index === all.length - 1
    return [`${indent}${last ? "└── " : "├── "}${line}`, ...draw(inner, `${indent}${last ? "    " : "│   "}`)]
  })
}

/** One line per folder and file, folders first, in the order given. */
export const treeLines = (entries: ReadonlyArray<TreeEntry>): ReadonlyArray<string> => {
  const root = newFolder()
  for (const { path, note } of entries) {
    const parts = path.split("/")
    const name = parts.pop() ?? ""
    let folder = root
    for (const part of parts) {
      const inner = folder.folders.get(part) ?? newFolder()
      folder.folders.set(part, inner)
      folder = inner
    }
    folder.files.push({ name, note })
  }
  return draw(root, "")
}
