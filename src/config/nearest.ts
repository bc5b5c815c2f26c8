/** The number of characters to insert, remove, replace or swap with a neighbour to turn one word into the other. */
const editDistance = (a: string, b: string): number => {
  let before: ReadonlyArray<number> = []
  let row: ReadonlyArray<number> = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? Infinity) + 1 : Infinity
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced, swapped))
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}

const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_ ]/g, "")

/** The one of `words` that is most like `word`; undefined if none is close. Ignores case, dashes, underscores and spaces. */
export const nearest = (word: string, words: ReadonlyArray<string>): string | undefined => {
  const furthest = Math.max(1, Math.floor(word.length / 3))
  const ranked = words
    .map((candidate) => ({ candidate, distance: editDistance(plain(word), plain(candidate)) }))
    .filter(({ distance }) => distance <= furthest)
    .toSorted((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate
}

/** The end of a sentence about a word that is not known: the known one that may be meant, with `before` in front; empty if there is none. */
export const didYouMean = (word: string, words: ReadonlyArray<string>, before = ""): string => {
  const near = nearest(word, words)
  return near === undefined ? "" : `; did you mean ${before}${near}?`
}
