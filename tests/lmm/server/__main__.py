"""python -m tests.lmm.server"""

import asyncio

from aiohttp import web

from tests.lmm.server.app import app_of
from tests.lmm.server.options import options_of


async def serve() -> None:
    options = options_of()
    runner = web.AppRunner(app_of(options), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.port)
    await site.start()
    print(f"listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


asyncio.run(serve())
