"""asyncssh as a client: what it is let do comes out as text, a line each."""
import asyncio
import sys

import asyncssh

host, port, user, key, known_hosts = sys.argv[1:]


async def run(connection, command):
    """A command: its exit status, its output, and whether it complained."""
    result = await connection.run(command)
    print(command, result.exit_status, repr(result.stdout), bool(result.stderr))


async def shell(connection):
    """A shell at a terminal, left again."""
    process = await connection.create_process(term_type="vt100", term_size=(80, 24))
    await process.stdout.readuntil("AS4242420263> ")
    process.change_terminal_size(40, 24)
    process.stdin.write("bye\r")
    print("shell", (await process.wait()).exit_status)


async def crowd(connection):
    """As many commands at once as one connection may have, and one more."""
    processes = []
    try:
        while len(processes) < 20:
            processes.append(await connection.create_process())
    except asyncssh.ChannelOpenError:
        print("channels", len(processes))
    for process in processes:
        process.stdin.write_eof()
        await process.wait()


async def main():
    """Everything, on one connection."""
    async with asyncssh.connect(
        host, int(port), username=user, client_keys=[key], known_hosts=known_hosts,
        config=None, agent_path=None,
    ) as connection:
        await run(connection, "whoami")
        await run(connection, "nonsense")
        await shell(connection)
        await crowd(connection)
        await run(connection, "whoami")


asyncio.run(main())
