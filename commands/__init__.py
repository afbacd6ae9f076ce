"""What people call that is no stage; it imports stages and nn, and nothing imports it. Lowest first:

    processes     which processes of DVC live in a checkout
    check         is params.yaml as it should be?
    take_back     have DVC record a result that its stage refused
    doctor        what is wrong with a checkout, and mend it
"""
