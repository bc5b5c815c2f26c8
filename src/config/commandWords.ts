import { commandVariables, placeholders, takesCode } from "../process/arguments.ts"
import { nearest } from "./nearest.ts"

const variables: ReadonlyArray<string> = [...commandVariables.keys(), "TASK_DESCRIPTION", "TASK_JSON"]

const listed = placeholders.map((name) => `{${name}}`).join(", ")

/** A word in braces that is meant as a placeholder and is none: a slip, or all that there is of an argument. */
const wrongPlaceholder = (text: string, isArgument: boolean): string | undefined => {
  const known: ReadonlyArray<string> = placeholders
  const whole = isArgument ? /^(?:--?[\w-]+=)?\{([a-z_]+)\}$/.exec(text)?.[1] : undefined
  for (const [, word = ""] of text.matchAll(/(?<!\$)\{([A-Za-z_]+)\}/g)) {
    if (known.includes(word)) continue
    const near = nearest(word, known)
    if (near !== undefined) return `has no placeholder {${word}}: did you mean {${near}}?`
    if (word === whole) return `has no placeholder {${word}}: there are ${listed}`
  }
  return undefined
}

/** A variable that looks like one of ours and is none. */
const wrongVariable = (text: string): string | undefined => {
  for (const [, name = ""] of text.matchAll(/\$\{?((?:TASK|RESULTS?)_\w+)/g)) {
    const near = variables.includes(name) ? undefined : nearest(name, variables)
    if (near !== undefined) return `has no variable \${${name}}: did you mean \${${near}}?`
  }
  return undefined
}

/** Why a word of the command stands for nothing; undefined where all are known. */
export const wordProblem = (command: string | ReadonlyArray<string>): string | undefined => {
  const isArgument = typeof command !== "string"
  for (const text of typeof command === "string" ? [command] : command) {
    const problem = wrongPlaceholder(text, isArgument) ?? wrongVariable(text)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** The pieces of a shell line in single quotes, each with what stands before it. */
const singleQuoted = (line: string): ReadonlyArray<readonly [before: string, text: string]> =>
  Array.from(
    line.matchAll(/"(?:[^"\\]|\\.)*"|'([^']*)'|\\./gs),
    ({ 1: text, index }) => [line.slice(0, index), text ?? ""] as const
  )

const reads = /\$\{?(TASK_(?:ID|FILE|PROMPT_FILE|DESCRIPTION|JSON)|RESULTS_DIR)\b/

/** Whether the text that follows is a program, whose own shell replaces the variables, or a list of variables to replace. */
const replacesLater = (before: string): boolean => {
  const last = /(\S+)\s*$/.exec(before)?.[1] ?? ""
  return takesCode.test(last) || /(?:^|\/)(?:envsubst|eval|trap)$/.test(last)
}

/** Why a variable in a shell line will not be replaced; undefined where each will. */
export const quotingProblem = (line: string): string | undefined => {
  for (const [before, text] of singleQuoted(line)) {
    const name = reads.exec(text)?.[1]
    if (name !== undefined && !replacesLater(before)) {
      return `must not have \${${name}} in single quotes, where the shell does not replace it: use double quotes`
    }
  }
  return undefined
}
