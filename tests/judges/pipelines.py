"""The pipelines that `lmsgen ci` prints, judged by the schema that GitLab publishes for its CI, as check-jsonschema carries it, by the
schema of GitHub's workflows, and by actionlint. Each judge is shown a broken pipeline, too, so that it is known to look.
"""

import re
import sys
from pathlib import Path

from judge import LMSGEN, ROOT, TOOLS, case, done, run, scratch

SCHEMA = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
# The schema's patterns are written for another reader of expressions than Python's.
GITLAB = [*SCHEMA, "vendor.gitlab-ci", "--data-transform", "gitlab-ci", "--regex-variant", "nonunicode"]
GITHUB = [*SCHEMA, "vendor.github-workflows"]
# Without the programs that it would call for scripts: they may not be there.
ACTIONLINT = [TOOLS / "actionlint", "-no-color", "-shellcheck=", "-pyflakes="]


def broken(text, pattern, replacement):
    changed, n = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
    assert n == 1, pattern
    return changed


def judged(folder, name, judge, text, faults):
    path = folder / f"{name}.yml"
    path.write_text(text, encoding="utf-8")
    with case(f"{name}: {Path(judge[0]).name} accepts it"):
        run(*judge, path)
    for pattern, replacement in faults:
        path.write_text(broken(text, pattern, replacement), encoding="utf-8")
        with case(f"{name}: {Path(judge[0]).name} refuses `{replacement}`"):
            run(*judge, path, expect=1)


def main():
    with scratch() as folder:
        folder = Path(folder)
        texts = {}
        for name in ["gitlab", "github"]:
            texts[name] = run(LMSGEN, "ci", name, cwd=folder)
            with case(f"{name}: what is printed is what is kept"):
                assert texts[name] == (ROOT / "ci" / f"{name}.yml").read_text(encoding="utf-8")
        gitlab = [
            (r"expose_as: .*", "expose_as: [x]"),
            (r"resource_group: .*", "resource_groups: x"),
            (r"when: always", "when: sometimes"),
        ]
        judged(folder, "gitlab", GITLAB, texts["gitlab"], gitlab)
        github = [(r"timeout-minutes: .*", "timeout-minute: 30"), (r"runs-on: .*", "runs: x")]
        judged(folder, "github", GITHUB, texts["github"], github)
        jobs = [(r"needs: publish", "needs: publisher"), (r"github\.event_name", "github.event_nam"), (r"contents: write", "contents: writ")]
        judged(folder, "github", ACTIONLINT, texts["github"], jobs)
    done(at_least=13)


main()
