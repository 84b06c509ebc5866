// Loaded before the entry of a process that `dev`, `demo` or a test started: when that one dies,
// however it dies, this one drains and goes too. The channel alone keeps nobody alive.
// Plain JavaScript, because the threads of a worker load it as well, without a compiler.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
