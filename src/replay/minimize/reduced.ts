import * as Effect from "effect/Effect"

/**
 * Leaves out as many of the parts as it can, the last ones first, in ever smaller pieces, so that what is left still
 * passes (delta debugging). Left alone are those of which none can be left out by itself.
 */
export const reduced = Effect.fnUntraced(function*<A>(
  parts: ReadonlyArray<A>,
  passes: (left: ReadonlyArray<A>) => Effect.Effect<boolean>
) {
  let left = parts
  let size = Math.ceil(left.length / 2)
  while (size >= 1) {
    let isSmaller = false
    for (let end = left.length; end > 0; end -= size) {
      const fewer = [...left.slice(0, Math.max(0, end - size)), ...left.slice(end)]
      if (fewer.length === 0 || !(yield* passes(fewer))) continue
      left = fewer
      isSmaller = true
    }
    if (!isSmaller || size > left.length) size = Math.floor(size / 2)
  }
  return left
})
