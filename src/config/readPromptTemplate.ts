import * as Effect from "effect/Effect"
import * as SchemaIssue from "effect/SchemaIssue"
import { readFile, stat } from "node:fs/promises"
import { promptProblem } from "../wake/promptTemplate.ts"
import { configLimits } from "./limits.ts"
import { readFault } from "./readFault.ts"

const refuse = (message: string) => Effect.fail(new SchemaIssue.InvalidValue({ message }))

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
    const bytes = yield* Effect.tryPromise(async () => {
      const { size } = await stat(path)
      return size > configLimits.prompt_template_bytes ? undefined : await readFile(path)
    }).pipe(Effect.catch((error) => refuse(`${path} cannot be read: ${readFault(error.cause)}`)))
    if (bytes === undefined) return yield* refuse(`${path} must be at most ${configLimits.prompt_template_bytes} bytes`)
    const problem = textProblem(bytes)
    return problem === undefined ? utf8.decode(bytes) : yield* refuse(`${path} ${problem}`)
  })
