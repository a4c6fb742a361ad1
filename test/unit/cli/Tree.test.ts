import { assert, describe, it } from "@effect/vitest"
import { treeLines } from "../../../src/cli/demo/Tree.ts"

describe("a tree for people", () => {
  it("shows folders first, then files with their notes", () => {
    const entries = ["full/date=1/a.csv", "inc/date=1/b.csv", "inc/date=2/c.csv", "inc/w.txt"].map(
      (path) => ({ path, note: "1 B" }),
    )
    assert.deepStrictEqual(treeLines(entries), [
      "├── full/",
      "│   └── date=1/",
      "│       └── a.csv  1 B",
      "└── inc/",
      "    ├── date=1/",
      "    │   └── b.csv  1 B",
      "    ├── date=2/",
      "    │   └── c.csv  1 B",
      "    └── w.txt  1 B",
    ])
  })
})
