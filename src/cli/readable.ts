const longest_chain = 5

const firstLine = (error: unknown): string => {
  const [line = ""] = (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).split("\n", 1)
  return line.replace(/: $/, "")
}

/** The first line of an error and of each of its causes, joined into one line. */
export const inOneLine = (error: unknown): string => {
  const lines: Array<string> = []
  let link: unknown = error
  while (link !== undefined && lines.length < longest_chain) {
    lines.push(firstLine(link))
    link = link instanceof Error ? link.cause : undefined
  }
  return lines.join(", caused by ")
}

/** An address without its query, which may hold a secret. */
export const withoutQuery = (url: string): string => url.replace(/\?.*/s, "")
