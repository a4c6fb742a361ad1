/** The Markdown of the generated pages. */

const lineLength = 118

/** A paragraph, or an item of a list, in lines that fit. `indent` begins each line after the first. */
export const wrapped = (text: string, indent = ""): string => {
  const lines: Array<string> = []
  for (const word of text.split(" ")) {
    const line = lines.at(-1)
    if (line === undefined || `${line} ${word}`.length > lineLength)
      lines.push(lines.length === 0 ? word : indent + word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines.join("\n")
}

export const code = (text: string): string => `\`${text}\``

/** Text that Markdown prints as it stands. */
export const plain = (text: string): string => text.replace(/[*_<]/g, "\\$&")
