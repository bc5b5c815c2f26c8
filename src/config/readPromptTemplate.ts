import * as Effect from "effect/Effect"
import type * as SchemaIssue from "effect/SchemaIssue"
import { configLimits } from "./limits.ts"
import { readNamed, refuse } from "./namedFile.ts"
import { promptProblem } from "./promptTemplate.ts"

const utf8 = new TextDecoder("utf-8", { fatal: true })

const textProblem = (bytes: Uint8Array): string | undefined => {
  try {
    return promptProblem(utf8.decode(bytes))
  } catch {
    return "is not UTF-8 text"
  }
}

/** The text of a prompt template; one that cannot be read or used is an issue of the configuration. */
export const readPromptTemplate = (path: string): Effect.Effect<string, SchemaIssue.Issue> =>
  Effect.gen(function*() {
    const bytes = yield* readNamed(path, configLimits.prompt_template_bytes)
    if (bytes === undefined) return yield* refuse(`${path} must be at most ${configLimits.prompt_template_bytes} bytes`)
    const problem = textProblem(bytes)
    return problem === undefined ? utf8.decode(bytes) : yield* refuse(`${path} ${problem}`)
  })
