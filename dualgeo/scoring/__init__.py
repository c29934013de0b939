"""Score the predictions of any system: tables read by the usual column names, checked, compared, said in words."""
