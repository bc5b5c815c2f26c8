const speakers = new Set<() => void>()

/** Has `speak` write what is left, at once, when the process is ended by force; the function it gives takes that back. */
export const onForcedEnd = (speak: () => void): () => void => {
  speakers.add(speak)
  return () => void speakers.delete(speak)
}

/** What is left to be written, just before a forced end, which nothing that fails may put off. */
export const lastWords = (): void => {
  for (const speak of speakers) {
    try {
      speak()
    } catch {
      // nobody is left to hear of it
    }
  }
}
