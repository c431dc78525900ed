# A bus of separate processes in $scratch, for tools/bench.sh: one at a time.

bus_processes=()

# start_bus STORAGE AGENT…: each agent with its options as one word. Waits until all have joined.
start_bus() {
  local storage=$1 agent
  shift
  export REBUS_BUSADDR=ipc://$scratch/bus
  local where=()
  [[ $storage == ram ]] || where=(--path "$scratch/store")
  rebus_master --storage "$storage" "${where[@]}" > /dev/null 2> "$scratch/master.log" &
  bus_processes=($!)
  for agent in "$@"; do
    # shellcheck disable=SC2086  # options are words of their own
    rebus_agent --bus zmq $agent > /dev/null 2>> "$scratch/agents.log" &
    bus_processes+=($!)
  done
  until [[ $(agents_joined) -eq $# ]]; do
    sleep 0.05
    if ! kill -0 "${bus_processes[@]}"; then exit 1; fi
  done
}

agents_joined() { rebus_admin status -o json 2> /dev/null | grep -o '"instances":1' | wc -l; }

stop_bus() {
  kill "${bus_processes[@]}"
  wait "${bus_processes[@]}" || true
  bus_processes=()
  rm -rf -- "$scratch/store"
  unset REBUS_BUSADDR
}
