"""A small world that a test moves by hand, served by the same servers as the demo.

    world = ScriptedWorld(now=datetime(2026, 11, 24, 9, tzinfo=UTC))     # without now: the real clock
    with GithubServer(world) as github:
        run = world.add_run("acme/web", branch="main", status="in_progress")
        ...                                                             # the product polls github.api_url
        world.advance(90)
        world.finish_run(run.id, "failure")
        world.advance(60)
        world.rerun(run.id, failed_only=True)
        world.rename_repo("acme/web", "acme/site")

    with JenkinsServer(world) as jenkins:
        world.add_branch("platform/api", "feature/x")
        build = world.add_jenkins_build("platform/api/feature%2Fx", status="building")
        world.finish_jenkins_build("platform/api/feature%2Fx", build.number, "UNSTABLE")
"""

from __future__ import annotations

from collector.demo.script_github import ScriptedGithub
from collector.demo.script_jenkins import ScriptedJenkins


class ScriptedWorld(ScriptedGithub, ScriptedJenkins):
    """A mutable world for tests; every change is seen by the servers at once. Move it from one thread at a time.

    Times are its clock's unless told. See ``ScriptedGithub`` and ``ScriptedJenkins`` for what can be done.
    """
