const longestChain = 5

const firstLine = (link: unknown): string => {
  const [line = ""] = (link instanceof Error ? `${link.name}: ${link.message}` : String(link)).split("\n", 1)
  return line.replace(/: $/, "")
}

/** An error and what caused it, each by the first line of its message. */
export const inOneLine = (error: unknown): string => {
  const links: Array<string> = []
  let link: unknown = error
  while (link !== undefined && links.length < longestChain) {
    links.push(firstLine(link))
    link = link instanceof Error ? link.cause : undefined
  }
  return links.join(", caused by ")
}
