"""The client of the package `mcp` against `toolcat mcp`, in each era: mcp_client.py PROGRAM.

The program runs with the environment of this script, whose catalog must hold the starter catalog.
"""

import asyncio
import os
import sys

from mcp import Client, StdioServerParameters

TOOLS = ["find_tool", "record_outcome", "get_tool", "list_capabilities"]


async def ask(program, mode):
    """Finds, records and looks, as an agent does."""
    server = StdioServerParameters(command=program, args=["mcp"], env=dict(os.environ))
    async with Client(server, mode=mode) as client:
        listed = await client.list_tools()
        assert [it.name for it in listed.tools] == TOOLS, listed
        found = await client.call_tool("find_tool", {"job": "how full are the file systems"})
        advice = found.structured_content
        assert advice["answer"]["tool"].startswith("linux/df@"), advice
        outcome = {
            "selection_id": advice["selection_id"],
            "success": True,
            "time_ms": 12,
            "execution_id": f"client-{mode}",
        }
        first = await client.call_tool("record_outcome", outcome)
        assert first.structured_content["recorded"] is True, first
        again = await client.call_tool("record_outcome", outcome)
        assert again.structured_content["already"] is True, again
        wrong = await client.call_tool("get_tool", {"tool": "dff"})
        assert wrong.is_error and "did you mean" in wrong.content[0].text, wrong
        unclear = await client.call_tool("find_tool", {"job": "write a poem about the sea"})
        advice = unclear.structured_content
        assert advice["answer"] is None or "question" in advice, advice
        read = await client.read_resource("toolcat://tools/linux/df")
        assert '"tool_name":"df"' in read.contents[0].text, read
        assert (await client.list_prompts()).prompts == []


async def main():
    program = sys.argv[1]
    for mode in ["auto", "legacy", "2026-07-28"]:
        await ask(program, mode)
        print(f"mcp_client.py, {mode}: ok", flush=True)


asyncio.run(main())
