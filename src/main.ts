#!/usr/bin/env node
import { nodeProblem } from "./cli/nodeVersion.ts"
import { exitCodes } from "./exitCodes.ts"

const problem = nodeProblem(process.versions.node)
if (problem === undefined) {
  const { cli } = await import("./cli/cli.ts")
  await cli(process.argv.slice(2))
} else {
  process.stderr.write(`${problem}\n`)
  process.exitCode = exitCodes.configuration
}
