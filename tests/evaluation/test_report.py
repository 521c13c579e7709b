"""The report as text and numbers."""

import json

import numpy as np

from tests.evaluation.reports import report_of_five


def test_report_prints_itself_as_one_table_after_another():
    assert str(report_of_five()) == (
        """\
runs/one & two on five, test: 5 images

accuracy           60.00 %   95 % interval 23.07 to 88.24 %
                   75.00 %   30.06 to 95.44 %, without the 1 contested label
mistakes           2
loss               0.7654
calibration error  24.50 %   in 15 bins of confidence; 44.50 % before temperature 1.250

class  images  precision  recall      F1
<b>         2      50.00   50.00   50.00
1           3      66.67   66.67   66.67

confusion (rows true, columns predicted)
      <b>    1
 <b>    1    1
   1    1    2

most frequent      <b> read as 1 (1), 1 read as <b> (1)
most confident     image  label  read as  confidence
                       3    <b>        1      87.5 %  contested label
                       1      1      <b>      75.0 %"""
    )


def test_flawless_report_says_so_and_a_wide_matrix_is_left_to_the_files():
    labels = tuple(chr(97 + index) for index in range(20))
    report = report_of_five(
        labels=labels, confusion=np.eye(20, dtype=np.int64), worst=(), contested=None, calibration_before=None
    )
    lines = str(report).splitlines()
    assert lines[2] == "accuracy           100.00 %   95 % interval 83.89 to 100.00 %"
    assert lines[-3:] == [
        "The confusion matrix of 20 classes is in the JSON and the HTML report.",
        "",
        "No mistakes.",
    ]


def test_json_adds_temperature_and_contested_labels_where_they_are_known():
    values = report_of_five().to_json()
    assert values["temperature"] == 1.25
    assert values["ece_before"] == 0.445
    assert values["contested"] == {
        "n": 4,
        "accuracy": 0.75,
        "accuracy_interval": [0.300642, 0.954413],
        "answers": [{"index": 3, "label": "<b>", "predicted": "1", "confidence": 0.875, "chance": 0.125}],
    }
    assert json.loads(json.dumps(values)) == values
    bare = report_of_five(contested=None, temperature=None, calibration_before=None).to_json()
    assert {"temperature", "ece_before", "contested"} & set(bare) == set()


def test_report_says_itself_in_a_line_and_shows_itself_in_a_notebook():
    report = report_of_five()
    assert repr(report) == "<Report of runs/one & two on five, test: 60.00 % of 5 images>"
    page = report._repr_html_()
    assert "<strong>runs/one &amp; two on five, test</strong>" in page
    assert "<th>accuracy</th><td>60.00 %, 95 % interval 23.07 to 88.24 %</td>" in page
    assert "<th>most often</th><td>&lt;b&gt; read as 1 (1), 1 read as &lt;b&gt; (1)</td>" in page
    assert page.count('<img src="data:image/png;base64,') == 2
    assert "<script" not in page


def test_report_without_mistakes_shows_no_picture():
    page = report_of_five(confusion=np.diag([2, 3]), worst=())._repr_html_()
    assert "<th>most often</th><td>no mistake</td>" in page
    assert "<img" not in page
