import { type LogicalExpression, type Node, parse } from "acorn"
import { ancestor } from "acorn-walk"
import { readdirSync, readFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { join } from "node:path"

/** One change of one file: the text between `start` and `end` becomes `replacement`. */
export interface Mutant {
  readonly file: string
  readonly line: number
  readonly kind: "negate a condition" | "drop a part of a rule" | "drop a command" | "drop a save"
  readonly start: number
  readonly end: number
  readonly original: string
  readonly replacement: string
}

const filesUnder = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name))
    .toSorted()

interface Call extends Node {
  readonly callee: Node & { readonly name?: string; readonly property?: { readonly name?: string } }
  readonly arguments: ReadonlyArray<Node>
}

/** The parts of a rule, and the commands it emits, are the arguments of these. */
const listsOfParts: Readonly<Record<string, Mutant["kind"]>> = {
  sequence: "drop a part of a rule",
  emit: "drop a command"
}

const rulesThatEmit: ReadonlySet<string> = new Set(["log", "tellOwner"])

/** A rule that does nothing, in any file. */
const noop = "((state) => [state, []])"

/** Where the text is a boolean by its place: the test of an `if`, a `?:` or a loop, and each side of `&&` and `||` in it. */
const conditionsOf = (test: Node): ReadonlyArray<Node> => {
  if (test.type !== "LogicalExpression") return [test]
  const { left, operator, right } = test as LogicalExpression
  return operator === "??" ? [] : [test, ...conditionsOf(left), ...conditionsOf(right)]
}

/** All mutants of one file: every condition negated, every part of a rule, every command and every save dropped. */
export const mutantsOf = (file: string): ReadonlyArray<Mutant> => {
  const source = stripTypeScriptTypes(readFileSync(file, "utf8"))
  const found: Array<Mutant> = []
  const add = (kind: Mutant["kind"], { end, start }: Pick<Node, "start" | "end">, replacement: string) => {
    const line = source.slice(0, start).split("\n").length
    found.push({ file, line, kind, start, end, original: source.slice(start, end), replacement })
  }
  const negate = (test: Node | null | undefined) => {
    for (const condition of test ? conditionsOf(test) : []) {
      add("negate a condition", condition, `!(${source.slice(condition.start, condition.end)})`)
    }
  }
  const dropArguments = (call: Call, kind: Mutant["kind"]) => {
    for (const argument of call.arguments) add(kind, argument, "...[]")
  }
  const logicalOutsideTests = (node: Node, parents: ReadonlyArray<Node>) => {
    const parent = parents.at(-2)
    const isReturned = parent?.type === "ArrowFunctionExpression" || parent?.type === "VariableDeclarator"
    if (isReturned) negate(node)
  }
  ancestor(parse(source, { ecmaVersion: "latest", sourceType: "module" }), {
    IfStatement: (node) => negate(node.test),
    ConditionalExpression: (node) => negate(node.test),
    LogicalExpression: (node, _, parents) => logicalOutsideTests(node, parents),
    CallExpression: (node) => {
      const call = node as Call
      const kind = listsOfParts[call.callee.name ?? ""]
      if (kind !== undefined) dropArguments(call, kind)
      if (rulesThatEmit.has(call.callee.name ?? "") && file.includes("domain")) add("drop a command", call, noop)
      if (call.callee.property?.name === "save") add("drop a save", call, "Effect.void")
    }
  })
  return unique(found)
}

const unique = (
  mutants: ReadonlyArray<Mutant>
): ReadonlyArray<Mutant> => [
  ...new Map(mutants.map((mutant) => [`${mutant.start}-${mutant.end}-${mutant.replacement}`, mutant])).values()
]

/** The mutants of `src/domain` and `src/actor`, in order. */
export const allMutants = (): ReadonlyArray<Mutant> =>
  ["src/domain", "src/actor"].flatMap((folder) => filesUnder(folder)).flatMap((file) => mutantsOf(file))

/** The file with one change, as JavaScript. */
export const apply = ({ end, file, replacement, start }: Mutant): string => {
  const source = stripTypeScriptTypes(readFileSync(file, "utf8"))
  return source.slice(0, start) + replacement + source.slice(end)
}
