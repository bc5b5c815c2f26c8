import { configurations } from "./configurations.ts"
import { walk } from "./walk.ts"

const max = Number(process.argv[3] ?? 20_000_000)
for (const [index, config] of configurations.entries()) {
  if (process.argv[2] !== undefined && !process.argv[2].split(",").includes(String(index))) continue
  const { failure, ...figures } = walk(config, max)
  console.log(index, JSON.stringify(figures))
  if (failure !== null) console.log(failure)
}
