export const help = `agentcom-sidecar: takes tasks from an AgentCom hub, wakes the agent and reports its answers

Usage: agentcom-sidecar [command] [options]

  run                  runs the sidecar of an agent (the default)
    --config FILE      its configuration (default: ./config.json); the file's folder is the agent's
  dev-hub              runs a hub for development, on this machine only
    --port PORT        where it listens (default: 4000; 0 takes any free port)
    --time-scale N     how many times as fast as real its time passes (default: 1)
  demo                 shows the main job for real: a hub, the sidecar, an agent, a cut connection

  -h, --help           shows this
  -v, --version        shows the version

Exit codes: 0 stopped as asked, 1 unforeseen, 2 usage, 69 the hub cannot be used,
73 another sidecar runs in the folder, 75 a restart is wanted, 78 configuration
`
