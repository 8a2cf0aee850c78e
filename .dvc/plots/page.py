"""Write page.html, the page around DVC's plots, with Vega inside: DVC's own loads it from the web.

`make` runs this once after installing; plots.html_template in .dvc/config names the page.
"""

from pathlib import Path

import vl_convert

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Plots</title>
{refresh_tag}
<style>
body { font-family: system-ui, sans-serif; margin: 1.5rem; }
body > div { margin-bottom: 2.5rem; overflow-x: auto; }
</style>
<script>VEGA</script>
</head>
<body>
{plot_divs}
</body>
</html>
"""

vega = vl_convert.javascript_bundle(vl_version="5.20")  # the version of the templates beside this file
if "</script" in vega:
    raise SystemExit("this version of Vega cannot stand within a page; install another vl-convert-python")
Path(__file__).with_suffix(".html").write_text(PAGE.replace("VEGA", vega), encoding="utf-8")
