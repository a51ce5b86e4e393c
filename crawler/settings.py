"""How the engine behaves: our few settings, and the Scrapy settings they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from config.model import Crawl


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the engine behaves towards servers; `max_size` is in bytes, after decompression."""

    user_agent: str = "Envoywatch (+https://example.org/contact)"
    per_host: int = 2
    delay: timedelta = timedelta(seconds=1)
    timeout: timedelta = timedelta(seconds=30)
    max_size: int = 8 * 1024 * 1024
    obey_robots: bool = True
    private_addresses: bool = False
    proxy: str | None = None
    spiders: Path | None = None
    max_in_flight: int = 256


def settings_of(crawl: Crawl) -> EngineSettings:
    """The engine's settings of a configuration's `crawl` section."""
    return EngineSettings(
        user_agent=crawl.user_agent,
        per_host=crawl.per_host,
        delay=crawl.delay,
        timeout=crawl.timeout,
        max_size=int(crawl.max_size_mb * 1024 * 1024),
        obey_robots=crawl.obey_robots,
        private_addresses=crawl.private_addresses,
        proxy=crawl.proxy,
        spiders=crawl.spiders,
    )


def scrapy_settings(settings: EngineSettings) -> dict[str, Any]:
    """Scrapy's settings for the one engine; each that differs from Scrapy's default says why."""
    here = "crawler"
    return {
        "USER_AGENT": settings.user_agent,
        "ROBOTSTXT_OBEY": True,  # a request says by itself when it need not
        "ROBOTSTXT_USER_AGENT": product_token(settings.user_agent),
        "CONCURRENT_REQUESTS": 0,  # no limit here: `max_in_flight` is ours
        "CONCURRENT_REQUESTS_PER_DOMAIN": settings.per_host,
        "DOWNLOAD_DELAY": settings.delay.total_seconds(),
        "DOWNLOAD_DELAY_JITTER": 0.0,  # the delay is the least gap, not a mean
        "DOWNLOAD_TIMEOUT": settings.timeout.total_seconds(),
        "DOWNLOAD_MAXSIZE": settings.max_size,  # 1 GB by default
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_FAIL_ON_DATALOSS": False,  # a cut feed keeps its complete entries
        "DOWNLOAD_VERIFY_CERTIFICATES": True,  # off by default
        "DOWNLOAD_HANDLERS": {
            "http": f"{here}.transport.GuardedHandler",
            "https": f"{here}.transport.GuardedHandler",
            "data": None,
            "file": None,
            "ftp": None,
            "s3": None,
        },
        "DOWNLOADER": f"{here}.middlewares.PoliteDownloader",
        "DOWNLOADER_MIDDLEWARES_BASE": {},  # only those below
        "DOWNLOADER_MIDDLEWARES": {
            f"{here}.middlewares.RobotsMiddleware": 100,
            f"{here}.middlewares.CompressionMiddleware": 590,
        },
        "DOWNLOADER_STATS": False,
        "COOKIES_ENABLED": False,
        "REDIRECT_ENABLED": False,  # followed in Engine.fetch
        "METAREFRESH_ENABLED": False,  # no document causes a request of its own
        "RETRY_ENABLED": False,  # the next poll is the retry
        "HTTPPROXY_ENABLED": False,  # the environment must not decide where we connect to
        "REFERER_ENABLED": False,
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",  # a poll repeats itself
        "EXTENSIONS_BASE": {},  # among them a console, and a port that runs Python
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "MEMUSAGE_ENABLED": False,
        "SPIDER_MIDDLEWARES_BASE": {"scrapy.spidermiddlewares.start.StartSpiderMiddleware": 25},
        "LOG_ENABLED": False,  # logging is the program's own
        "LOG_FORMATTER": f"{here}.middlewares.QuietLog",
        "LOGSTATS_INTERVAL": 0,
        "STATS_DUMP": False,
    }


def product_token(user_agent: str) -> str:
    """The name robots.txt files know us by: `Envoywatch` of `Envoywatch/1.0 (+https://…)`."""
    return user_agent.partition("/")[0].split(maxsplit=1)[0]
